//! Where and why a text is not JSON.

use std::fmt;

use crate::scan::DEPTH_MAX;

/// A text that is not exactly one JSON value of RFC 8259, or that is nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Bytes before the error, at most the length of the text.
    pub offset: usize,
    /// The line, from 1. Lines end with a line feed.
    pub line: usize,
    /// The character (Unicode scalar value) within the line, from 1.
    pub column: usize,
}

/// What is wrong with a text that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonErrorKind {
    /// A value has to start here.
    ExpectedValue,
    /// A value or the end of the array has to be here.
    ExpectedValueOrBracket,
    /// A member's name has to start here.
    ExpectedName,
    /// A member's name or the end of the object has to be here.
    ExpectedNameOrBrace,
    /// A colon has to follow the member's name.
    ExpectedColon,
    /// The object has to continue or end here.
    ExpectedCommaOrBrace,
    /// The array has to continue or end here.
    ExpectedCommaOrBracket,
    /// The text has to end after its one value.
    ExpectedEnd,
    /// A digit of a number is missing here.
    ExpectedDigit,
    /// The text ends inside a string.
    UnterminatedString,
    /// A string holds a control character (below U+0020) that is not escaped.
    ControlCharacter,
    /// A backslash is not followed by one of `"\/bfnrt`, or `u` and four hexadecimal digits.
    InvalidEscape,
    /// More than [`DEPTH_MAX`] arrays and objects are nested.
    TooDeep,
}

impl fmt::Display for JsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpectedValue => "expected a value",
            Self::ExpectedValueOrBracket => "expected a value or `]`",
            Self::ExpectedName => "expected a name in double quotes",
            Self::ExpectedNameOrBrace => "expected a name in double quotes or `}`",
            Self::ExpectedColon => "expected `:`",
            Self::ExpectedCommaOrBrace => "expected `,` or `}`",
            Self::ExpectedCommaOrBracket => "expected `,` or `]`",
            Self::ExpectedEnd => "expected nothing more",
            Self::ExpectedDigit => "expected a digit",
            Self::UnterminatedString => "expected the string to end with a double quote",
            Self::ControlCharacter => "expected control characters to be escaped",
            Self::InvalidEscape => "expected an escape sequence of JSON",
            Self::TooDeep => return write!(f, "nested more than {DEPTH_MAX} levels deep"),
        })
    }
}

/// The error at this offset, which must not lie beyond the end of the text.
#[cold]
pub(crate) fn error_at(json: &str, kind: JsonErrorKind, offset: usize) -> JsonError {
    let before = &json.as_bytes()[..offset];
    let line_start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    // Continuation bytes of UTF-8 are not characters of their own.
    let characters = before[line_start..].iter().filter(|&&byte| byte & 0xc0 != 0x80);
    JsonError {
        kind,
        offset,
        line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
        column: 1 + characters.count(),
    }
}
