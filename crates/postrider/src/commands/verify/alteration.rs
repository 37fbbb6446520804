//! What happens to bodies between the sender and the code that checks them.

use std::borrow::Cow;

use postrider_json::inspect;
use postrider_signing::{BodyStyle, render_value};
use serde_json::Value;

/// A change that can be undone or repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    /// None: the body as it was given.
    None,
    /// The line break at its end is one too many.
    LineBreakAdded,
    /// A line break at its end is missing.
    LineBreakRemoved,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// Its line feeds have become CR LF, as Windows has them.
    CarriageReturns,
    /// It is JSON in a JSON string.
    EncodedTwice,
    /// Its UTF-8 was taken for Latin-1 and encoded again.
    Mojibake,
    /// It was parsed and printed; the signed bytes are what `JSON.stringify` prints.
    Js,
    /// It was parsed and printed; the signed bytes are what `json.dumps` prints.
    Python,
    /// It was printed with white space between its parts; the signed bytes have none, and are those of a producer whose
    /// body went out raw.
    WhiteSpace,
    /// It was parsed and printed with its members sorted; the signed bytes are an envelope as `JSON.stringify` prints it.
    Sorted,
}

impl Alteration {
    /// All of them, the simplest first: the first that explains a signature is the one that is told.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::LineBreakAdded,
        Self::LineBreakRemoved,
        Self::ByteOrderMark,
        Self::CarriageReturns,
        Self::EncodedTwice,
        Self::Mojibake,
        Self::Js,
        Self::Python,
        Self::WhiteSpace,
        Self::Sorted,
    ];

    /// The body that may have been signed, given the body at hand; `None` where the change makes no difference.
    pub fn undone(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        let signed: Cow<'_, [u8]> = match self {
            Self::None => return Some(Cow::Borrowed(body)),
            Self::LineBreakAdded => {
                let body = body.strip_suffix(b"\n")?;
                Cow::Borrowed(body.strip_suffix(b"\r").unwrap_or(body))
            }
            Self::LineBreakRemoved => Cow::Owned([body, b"\n"].concat()),
            Self::ByteOrderMark => Cow::Borrowed(body.strip_prefix("\u{feff}".as_bytes())?),
            Self::CarriageReturns => Cow::Owned(text(body)?.replace("\r\n", "\n").into_bytes()),
            Self::EncodedTwice => Cow::Owned(serde_json::from_slice::<String>(body).ok()?.into_bytes()),
            Self::Mojibake => Cow::Owned(latin1(text(body)?)?),
            Self::Js => Cow::Owned(restyled(text(body)?, BodyStyle::Js)?),
            Self::Python => Cow::Owned(restyled(text(body)?, BodyStyle::Python)?),
            Self::WhiteSpace => Cow::Owned(without_white_space(text(body)?)?),
            Self::Sorted => Cow::Owned(envelope_order(text(body)?)?),
        };
        (*signed != *body).then_some(signed)
    }

    /// What the change means, as the end of “It matches …”; `None` where nothing was changed.
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            Self::LineBreakAdded => {
                "the body without the line break at its end: an editor, `echo` or a log added it. Save the bytes as \
                 they were received (`printf %s`, not `echo`)"
            }
            Self::LineBreakRemoved => {
                "the body with a line break at its end: it was cut off, as `$(…)` in a shell and trimming do"
            }
            Self::ByteOrderMark => "the body without the byte order mark at its start: an editor added it",
            Self::CarriageReturns => "the body with plain line feeds: something turned them into CR LF",
            Self::EncodedTwice => {
                "the text inside the JSON string that the body is: it was serialised once more, as \
                 `JSON.stringify(text)` does"
            }
            Self::Mojibake => {
                "the body read as Latin-1: something took its UTF-8 for Latin-1 and encoded it again. Treat the body \
                 as bytes, not as text"
            }
            Self::Js => {
                "the body as `JSON.stringify` prints it: the bytes at hand and those that were signed differ in their \
                 spelling only. Somebody has re-serialised the body. Sign the bytes as they are received, before \
                 anything parses them"
            }
            Self::Python => {
                "the body as Python's `json.dumps` prints it: the bytes at hand and those that were signed differ in \
                 their spelling only. Somebody has re-serialised the body. Sign the bytes as they are received, \
                 before anything parses them; where that is impossible in Python, the action's body style `python` \
                 sends what `json.dumps` prints"
            }
            Self::WhiteSpace => {
                "the body without the white space between its parts: somebody has re-serialised or pretty-printed it. \
                 Sign the bytes as they are received, before anything parses them"
            }
            Self::Sorted => {
                "the body with the members of its envelope in the order id, type, timestamp, data: it was parsed and \
                 printed with its members sorted. Sign the bytes as they are received, before anything parses them"
            }
        })
    }
}

fn text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(body).ok()
}

/// The bytes of a text that is all Latin-1 and not all ASCII.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

fn restyled(json: &str, style: BodyStyle) -> Option<Vec<u8>> {
    let json = json.trim_start_matches('\u{feff}');
    inspect(json)
        .ok()
        .filter(|inspection| inspection.loss.is_none())?;
    let mut restyled = Vec::with_capacity(json.len());
    render_value(json, style, &mut restyled);
    Some(restyled)
}

/// The JSON text without white space outside its strings.
fn without_white_space(json: &str) -> Option<Vec<u8>> {
    inspect(json).ok()?;
    let (mut in_string, mut is_escaped) = (false, false);
    let kept = json.bytes().filter(|byte| {
        let keep = in_string || !byte.is_ascii_whitespace();
        in_string ^= *byte == b'"' && !is_escaped;
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
        keep
    });
    Some(kept.collect())
}

fn envelope_order(json: &str) -> Option<Vec<u8>> {
    inspect(json)
        .ok()
        .filter(|inspection| inspection.loss.is_none())?;
    let members: serde_json::Map<String, Value> = serde_json::from_str(json).ok()?;
    if members.len() != 4 {
        return None;
    }
    let envelope: Option<Vec<_>> = ["id", "type", "timestamp", "data"]
        .iter()
        .map(|name| Some(format!("\"{name}\":{}", members.get(*name)?)))
        .collect();
    restyled(&format!("{{{}}}", envelope?.join(",")), BodyStyle::Js)
}
