//! A compact and exact encoding of an attempt's headers.
//!
//! A request's headers are about 700 bytes of text, more than the event's own data, and nearly all of it is
//! redundant: names that every request has, two signatures of 32 bytes each in hex and base64, ids, times. A
//! [`dictionary`] therefore numbers names and common values, and a value with a known shape is stored in
//! binary ([`value`]). If the short form would not decode to the same text, byte for byte, the value is
//! stored as text. This check makes the codec exact; it does not depend on who wrote the header.
//!
//! The layout, version 1: the byte 1, then each header's name and value until the end. An empty blob means
//! that there are no headers. A name is one byte from the dictionary, or [`NAME_TEXT`], or [`NAME_PREFIXED`]
//! (a company's own prefix before one of Postrider's header names). A value is a tag followed by its data.
//!
//! To add a short form: give it a new tag in `value.rs`, or add an entry at the end of a dictionary. Existing
//! entries keep their numbers, because stored rows use them.

mod dictionary;
mod http_date;
mod value;

use postrider_model::attempt::Headers;
use postrider_model::{DeliveryId, Timestamp};

/// What the record already contains, so that its headers need not repeat it.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The delivery of the attempt.
    pub delivery: DeliveryId,
    /// When the attempt started.
    pub started_at: Timestamp,
}

const VERSION: u8 = 1;

/// A name that the dictionary lacks: its length and its text follow.
const NAME_TEXT: u8 = 0;

/// A prefix before a known ending: the ending's number, then the prefix's length and text; length 0 repeats
/// the previous prefix.
const NAME_PREFIXED: u8 = 0x7f;

/// Set in a dictionary number if each word of the name begins with a capital.
const CAPITALS: u8 = 0x80;

/// Encodes headers.
pub fn encode(headers: &Headers, context: &Context) -> Vec<u8> {
    if headers.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(256);
    out.push(VERSION);
    let mut prefix = "";
    for (name, text) in headers {
        encode_name(name, &mut prefix, &mut out);
        value::encode(text, context, &mut out);
    }
    out
}

/// Decodes headers; `None` if [`encode`] does not produce such bytes.
pub fn decode(bytes: &[u8], context: &Context) -> Option<Headers> {
    let Some((version, mut rest)) = bytes.split_first() else {
        return Some(Headers::new());
    };
    if *version != VERSION {
        return None;
    }
    let mut headers = Headers::new();
    let mut prefix = String::new();
    while !rest.is_empty() {
        let name = decode_name(&mut rest, &mut prefix)?;
        headers.push((name, value::decode(&mut rest, context)?));
    }
    Some(headers)
}

fn encode_name<'a>(name: &'a str, prefix: &mut &'a str, out: &mut Vec<u8>) {
    if let Some(number) = dictionary::name_number(name) {
        out.push(number);
        return;
    }
    let Some((own, ending)) = split_ending(name) else {
        out.push(NAME_TEXT);
        put_text(name, out);
        return;
    };
    out.extend([NAME_PREFIXED, ending]);
    if own == *prefix {
        out.push(0);
    } else {
        put_text(own, out);
        *prefix = own;
    }
}

fn decode_name(rest: &mut &[u8], prefix: &mut String) -> Option<String> {
    match take_byte(rest)? {
        NAME_TEXT => take_text(rest).map(str::to_owned),
        NAME_PREFIXED => {
            let number = take_byte(rest)?;
            let ending = cased(number, dictionary::ending(number & !CAPITALS)?);
            let own = take_text(rest)?;
            if !own.is_empty() {
                own.clone_into(prefix);
            }
            Some(format!("{prefix}{ending}"))
        }
        number => Some(cased(number, dictionary::name(number & !CAPITALS)?)),
    }
}

/// Splits a name into a prefix (never empty) and the number of one of Postrider's endings.
fn split_ending(name: &str) -> Option<(&str, u8)> {
    dictionary::ENDINGS.iter().find_map(|ending| {
        let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0)?;
        let (own, tail) = name.split_at_checked(at)?;
        if !tail.eq_ignore_ascii_case(ending) {
            return None;
        }
        let number = dictionary::ending_number(ending)?;
        let has_capitals = tail != *ending;
        if has_capitals && tail != with_capitals(ending) {
            return None;
        }
        Some((own, if has_capitals { number | CAPITALS } else { number }))
    })
}

fn cased(number: u8, lower: &str) -> String {
    if number & CAPITALS == 0 {
        lower.to_owned()
    } else {
        with_capitals(lower)
    }
}

/// Turns `content-type` into `Content-Type`.
fn with_capitals(lower: &str) -> String {
    let mut begins = true;
    lower
        .chars()
        .map(|c| {
            let shown = if begins { c.to_ascii_uppercase() } else { c };
            begins = c == '-';
            shown
        })
        .collect()
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a number in groups of seven bits, the lowest first (LEB128).
fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    rest.split_off_first().copied()
}

fn take_bytes<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    rest.split_off(..count)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    std::str::from_utf8(take_bytes(rest, length)?).ok()
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
