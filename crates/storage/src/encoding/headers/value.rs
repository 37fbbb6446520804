//! A compact encoding of a header's value: a tag and binary data.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::{DeliveryId, EventId, hex};

use super::{
    Context, dictionary, http_date, put_number, put_text, take_byte, take_bytes, take_number, take_text,
};

/// Any text: length and text.
const TEXT: u8 = 0;
/// A value in the dictionary: its number.
const KNOWN: u8 = 1;
/// 64 lower-case hex digits: 32 bytes.
const HEX_32: u8 = 2;
/// One or more signatures with single spaces between, each `v1,` and the base64 of 32 bytes: how many, then
/// 32 bytes each.
const V1_SIGNATURES: u8 = 3;
/// An event's id: 16 bytes.
const EVENT_ID: u8 = 4;
/// Another delivery's id: 16 bytes.
const DELIVERY_ID: u8 = 5;
/// The id of the delivery that the record belongs to.
const OWN_DELIVERY_ID: u8 = 6;
/// A decimal number without leading zeros: its value.
const NUMBER: u8 = 7;
/// A decimal number that is a Unix time near the attempt's start: the difference in seconds, signed.
const UNIX_TIME: u8 = 8;
/// A date in HTTP's format (RFC 9110, IMF-fixdate): the difference to the attempt's start in seconds, signed.
const HTTP_DATE: u8 = 9;

/// Up to this distance from the attempt's start, a Unix time takes one byte; beyond it, it is stored as a
/// number.
const NEAR_S: i64 = 60;

/// Length of `v1,` and the base64 of 32 bytes.
const V1_LENGTH: usize = 47;

pub(super) fn encode(text: &str, context: &Context, out: &mut Vec<u8>) {
    let begins = out.len();
    let done = match text.as_bytes() {
        [] => None,
        [b'v', b'1', b',', ..] => signatures(text, out),
        [b'e', b'v', b't', b'_', ..] => event_id(text, out),
        [b'd', b'l', b'v', b'_', ..] => delivery_id(text, context, out),
        [b'0'..=b'9', ..] if text.len() <= 20 => number(text, context, out),
        [b'0'..=b'9' | b'a'..=b'f', ..] if text.len() == 64 => hex_32(text, out),
        [b'A'..=b'Z', ..] if text.len() == http_date::LENGTH => date(text, context, out),
        _ => None,
    };
    if done.is_some() {
        return;
    }
    out.truncate(begins);
    match dictionary::value_number(text) {
        Some(number) => out.extend([KNOWN, number]),
        None => {
            out.push(TEXT);
            put_text(text, out);
        }
    }
}

pub(super) fn decode(rest: &mut &[u8], context: &Context) -> Option<String> {
    let started_s = context.started_at.unix_s();
    Some(match take_byte(rest)? {
        TEXT => take_text(rest)?.to_owned(),
        KNOWN => dictionary::value(take_byte(rest)?)?.to_owned(),
        HEX_32 => hex::encode(take_bytes(rest, 32)?),
        V1_SIGNATURES => {
            let count = usize::from(take_byte(rest)?);
            let bytes = take_bytes(rest, 32 * count)?;
            let tokens: Vec<_> = bytes
                .chunks(32)
                .map(|bytes| format!("v1,{}", STANDARD.encode(bytes)))
                .collect();
            tokens.join(" ")
        }
        EVENT_ID => EventId::from_bytes(take_bytes(rest, 16)?.try_into().ok()?).to_string(),
        DELIVERY_ID => DeliveryId::from_bytes(take_bytes(rest, 16)?.try_into().ok()?).to_string(),
        OWN_DELIVERY_ID => context.delivery.to_string(),
        NUMBER => take_number(rest)?.to_string(),
        UNIX_TIME => started_s.checked_add(take_signed(rest)?)?.to_string(),
        HTTP_DATE => http_date::format(started_s.checked_add(take_signed(rest)?)?)?,
        _ => return None,
    })
}

fn signatures(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let count = u8::try_from((text.len() + 1) / (V1_LENGTH + 1)).ok()?;
    out.extend([V1_SIGNATURES, count]);
    let mut left = count;
    for token in text.split(' ') {
        let base64 = token.strip_prefix("v1,").filter(|_| token.len() == V1_LENGTH)?;
        let mut bytes = [0; 33];
        // Each value has only one spelling in standard base64: the decoder checks padding and unused bits.
        let length = STANDARD.decode_slice(base64, &mut bytes).ok()?;
        out.extend_from_slice(bytes.get(..32).filter(|_| length == 32)?);
        left = left.checked_sub(1)?;
    }
    (left == 0).then_some(())
}

fn event_id(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let id: EventId = text.parse().ok()?;
    out.push(EVENT_ID);
    out.extend_from_slice(id.as_bytes());
    is_shown_as(id, text).then_some(())
}

fn delivery_id(text: &str, context: &Context, out: &mut Vec<u8>) -> Option<()> {
    if is_shown_as(context.delivery, text) {
        out.push(OWN_DELIVERY_ID);
        return Some(());
    }
    let id: DeliveryId = text.parse().ok()?;
    out.push(DELIVERY_ID);
    out.extend_from_slice(id.as_bytes());
    is_shown_as(id, text).then_some(())
}

/// Whether `value` displays as this text, without allocating: every record checks two ids.
fn is_shown_as(value: impl fmt::Display, text: &str) -> bool {
    /// The part of the text not matched yet.
    struct Rest<'a>(&'a str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(piece).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

fn number(text: &str, context: &Context, out: &mut Vec<u8>) -> Option<()> {
    let has_one_spelling =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    let number: u64 = text.parse().ok().filter(|_| has_one_spelling)?;
    let from_start = i64::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(context.started_at.unix_s()))
        .filter(|seconds| seconds.abs() <= NEAR_S);
    match from_start {
        Some(seconds) => {
            out.push(UNIX_TIME);
            put_signed(seconds, out);
        }
        None => {
            out.push(NUMBER);
            put_number(number, out);
        }
    }
    Some(())
}

fn hex_32(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let bytes = hex::decode(text)?;
    out.push(HEX_32);
    out.extend(bytes);
    Some(())
}

fn date(text: &str, context: &Context, out: &mut Vec<u8>) -> Option<()> {
    let time_s = http_date::parse(text)?;
    out.push(HTTP_DATE);
    put_signed(time_s.checked_sub(context.started_at.unix_s())?, out);
    Some(())
}

/// Appends a small number of either sign in few bytes: 0, -1, 1, -2 become 0, 1, 2, 3.
fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_number(((number << 1) ^ (number >> 63)).cast_unsigned(), out);
}

fn take_signed(rest: &mut &[u8]) -> Option<i64> {
    let number = take_number(rest)?;
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}
