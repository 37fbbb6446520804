//! Strings: finds their end, checks their spelling and resolves their escapes.
//!
//! Most bytes of a body are inside strings, so the search for a string's end reads eight bytes at a time.

use std::borrow::Cow;

use crate::error::JsonErrorKind;
use crate::scan::{Scanner, Spelling};

/// A string or name as the text spells it.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The text between the quotes.
    pub raw: &'a str,
    /// Bytes before the opening quote.
    pub offset: usize,
    /// Whether `raw` holds a backslash.
    pub escaped: bool,
    /// Whether `raw` escapes one half of a surrogate pair without the other, which is not a character.
    pub lone_surrogate: bool,
}

impl<'a> Text<'a> {
    /// The string with its escapes resolved. Lone surrogates become U+FFFD.
    pub fn unescaped(&self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut unescaped = String::with_capacity(self.raw.len());
        for piece in self.pieces() {
            match piece {
                Piece::Plain(run) => unescaped.push_str(run),
                Piece::Escaped(character) => unescaped.push(character),
            }
        }
        Cow::Owned(unescaped)
    }

    /// The plain runs and the escapes of the string.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { rest: self.raw }
    }
}

/// A part of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Characters that stand for themselves: no quote, backslash or control character.
    Plain(&'a str),
    /// The character that an escape encodes; U+FFFD for a lone surrogate.
    Escaped(char),
}

/// Splits a string that the scanner has accepted.
pub struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        match self.rest.find('\\') {
            Some(0) => {
                let escape = read_escape(self.rest.as_bytes()).ok()?;
                self.rest = self.rest.get(escape.length..)?;
                Some(Piece::Escaped(escape.character.unwrap_or('\u{fffd}')))
            }
            None if self.rest.is_empty() => None,
            end => {
                let (run, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                Some(Piece::Plain(run))
            }
        }
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_json(text: &str, out: &mut String) {
    // Serialising a string cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

impl<'a> Scanner<'a> {
    /// Reads the string whose opening quote is next.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Text<'a>, JsonErrorKind> {
        let offset = self.at;
        self.at += 1;
        let (mut escaped, mut lone_surrogate) = (false, false);
        loop {
            self.plain_run();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escape = read_escape(&self.bytes[self.at..]).map_err(|length| {
                        self.at += length;
                        JsonErrorKind::InvalidEscape
                    })?;
                    escaped = true;
                    lone_surrogate |= escape.character.is_none();
                    self.spelling.restrict(escape.spelling);
                    self.at += escape.length;
                }
                Some(_) => return Err(JsonErrorKind::ControlCharacter),
                None => return Err(JsonErrorKind::UnterminatedString),
            }
        }
        let raw = &self.json[offset + 1..self.at];
        self.at += 1;
        Ok(Text {
            raw,
            offset,
            escaped,
            lone_surrogate,
        })
    }

    /// Skips to the next quote, backslash, control character, or the end.
    ///
    /// Reads eight bytes at a time, after "Determine if a word has a byte less than n" of the Bit Twiddling
    /// Hacks: the lowest byte that it marks is exact. Python escapes characters from U+007F on. Adding one to
    /// each byte marks their bytes without a carry, because no byte of UTF-8 is 0xFF.
    #[inline]
    fn plain_run(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH_BITS: u64 = ONES * 0x80;
        let mut beyond_ascii = 0;
        while let Some(&chunk) = self.bytes[self.at..].first_chunk::<8>() {
            let word = u64::from_le_bytes(chunk);
            let quote = word ^ (ONES * 0x22);
            let backslash = word ^ (ONES * 0x5c);
            let stops = ((word.wrapping_sub(ONES * 0x20) & !word)
                | (quote.wrapping_sub(ONES) & !quote)
                | (backslash.wrapping_sub(ONES) & !backslash))
                & HIGH_BITS;
            let at_least_7f = word.wrapping_add(ONES) & HIGH_BITS;
            if stops != 0 {
                // The bits below the lowest mark belong to the bytes before the stop.
                beyond_ascii |= at_least_7f & (stops & stops.wrapping_neg()).wrapping_sub(1);
                self.at += (stops.trailing_zeros() / 8) as usize;
                self.spelling.python &= beyond_ascii == 0;
                return;
            }
            beyond_ascii |= at_least_7f;
            self.at += 8;
        }
        while let Some(byte @ (0x20..=0x21 | 0x23..=0x5b | 0x5d..)) = self.peek() {
            beyond_ascii |= u64::from(byte >= 0x7f);
            self.at += 1;
        }
        self.spelling.python &= beyond_ascii == 0;
    }
}

/// An escape sequence, or two that form a surrogate pair.
struct Escape {
    /// The encoded character; `None` for a lone surrogate.
    character: Option<char>,
    /// Its length in bytes.
    length: usize,
    spelling: Spelling,
}

/// Reads the escape at the start of `bytes`, which begins with a backslash. The error is the offset of the
/// first wrong byte.
fn read_escape(bytes: &[u8]) -> Result<Escape, usize> {
    let (character, spelling) = match bytes.get(1) {
        Some(b'"') => ('"', Spelling::BOTH),
        Some(b'\\') => ('\\', Spelling::BOTH),
        Some(b'b') => ('\u{8}', Spelling::BOTH),
        Some(b'f') => ('\u{c}', Spelling::BOTH),
        Some(b'n') => ('\n', Spelling::BOTH),
        Some(b'r') => ('\r', Spelling::BOTH),
        Some(b't') => ('\t', Spelling::BOTH),
        Some(b'/') => ('/', Spelling::NEITHER),
        Some(b'u') => return read_unicode_escape(bytes),
        _ => return Err(1),
    };
    Ok(Escape {
        character: Some(character),
        length: 2,
        spelling,
    })
}

fn read_unicode_escape(bytes: &[u8]) -> Result<Escape, usize> {
    let first = read_unit(bytes)?;
    let mut escape = Escape {
        character: char::from_u32(u32::from(first)),
        length: 6,
        spelling: Spelling::NEITHER,
    };
    if (0xd800..0xdc00).contains(&first) && bytes.get(6..8) == Some(br"\u") {
        let second = read_unit(&bytes[6..]).map_err(|length| 6 + length)?;
        if (0xdc00..0xe000).contains(&second) {
            let scalar = 0x10000 + ((u32::from(first) & 0x3ff) << 10) + (u32::from(second) & 0x3ff);
            escape.character = char::from_u32(scalar);
            escape.length = 12;
        }
    }
    // Both styles write hexadecimal digits in lower case.
    if !bytes[..escape.length].iter().any(u8::is_ascii_uppercase) {
        escape.spelling = match escape.character {
            Some('\u{8}' | '\t' | '\n' | '\u{c}' | '\r') | None => Spelling::NEITHER,
            Some(..'\u{20}') => Spelling::BOTH,
            Some(character) => Spelling {
                js: false,
                python: character >= '\u{7f}',
            },
        };
    }
    Ok(escape)
}

/// The UTF-16 code unit that the four digits after `\u` spell. The error is the offset of the first byte that
/// is not a digit.
fn read_unit(bytes: &[u8]) -> Result<u16, usize> {
    let mut unit = 0;
    for at in 2..6 {
        let digit = bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        // A hexadecimal digit fits any integer.
        unit = unit << 4 | digit.ok_or(at)? as u16;
    }
    Ok(unit)
}

/// The name as an array index (ECMA-262, section 6.1.7), if it is one: 0 to 2^32 − 2, in decimal without
/// leading zeros. ECMAScript lists such members before all others.
#[inline]
pub fn array_index(name: &str) -> Option<u32> {
    match name.as_bytes() {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] => name.parse().ok().filter(|&index| index < u32::MAX),
        _ => None,
    }
}
