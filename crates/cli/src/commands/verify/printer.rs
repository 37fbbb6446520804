//! Programs that print JSON: the bytes that a receiver signs if it parses a body and prints it again.

use postrider_json::inspect;
use postrider_signing::{BodyStyle, render_value};
use serde_json::Value;

/// A way of printing JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printer {
    /// `JSON.stringify(body)`.
    Js,
    /// `json.dumps(body)`.
    Python,
    /// `json.dumps(body, separators=(",", ":"))`.
    PythonCompact,
    /// `json.dumps(body, sort_keys=True)`.
    PythonSorted,
    /// `json.dumps(body, sort_keys=True, separators=(",", ":"))`.
    PythonSortedCompact,
    /// PHP's `json_encode($body)`.
    Php,
    /// Indented by two spaces.
    Pretty,
    /// The same text without white space between its tokens.
    Compact,
    /// The members of the envelope in the order in which Postrider sends them, printed by `JSON.stringify`.
    EnvelopeOrder,
}

impl Printer {
    /// All printers, the likeliest first.
    pub const ALL: [Self; 9] = [
        Self::Js,
        Self::Python,
        Self::Compact,
        Self::EnvelopeOrder,
        Self::PythonCompact,
        Self::PythonSorted,
        Self::PythonSortedCompact,
        Self::Php,
        Self::Pretty,
    ];

    /// The text as this program prints it; `None` if it is not JSON or printing it would lose something.
    pub fn print(self, json: &str) -> Option<Vec<u8>> {
        let json = json.trim_start_matches('\u{feff}');
        match self {
            Self::Js => restyled(json, BodyStyle::Js),
            Self::Python => restyled(json, BodyStyle::Python),
            Self::PythonCompact => without_white_space(&python(json)?),
            Self::PythonSorted => restyled(&sorted(json)?, BodyStyle::Python),
            Self::PythonSortedCompact => without_white_space(&python(&sorted(json)?)?),
            Self::Php => php(json),
            Self::Pretty => pretty(json),
            Self::Compact => without_white_space(json),
            Self::EnvelopeOrder => envelope_order(json),
        }
    }

    /// The signed bytes in words, as the rest of "It matches …".
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Js => "the body as `JSON.stringify` prints it",
            Self::Python => "the body as Python's `json.dumps` prints it",
            Self::PythonCompact => {
                "the body as Python's `json.dumps(…, separators=(\",\", \":\"))` prints it"
            }
            Self::PythonSorted => "the body as Python's `json.dumps(…, sort_keys=True)` prints it",
            Self::PythonSortedCompact => {
                "the body as Python's `json.dumps(…, sort_keys=True, separators=(\",\", \":\"))` prints it"
            }
            Self::Php => "the body as PHP's `json_encode` prints it, with escaped slashes",
            Self::Pretty => "the body pretty-printed with an indent of two spaces",
            Self::Compact => "the body without white space between its tokens",
            Self::EnvelopeOrder => "the body with its members in the order id, type, timestamp, data",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Python => {
                "Something parsed the body and serialised it again. Sign the bytes as received, before anything \
                 parses them. If that is impossible in Python, set the action's body style to `python`: Postrider \
                 then sends what `json.dumps` prints."
            }
            _ => {
                "Something parsed the body and serialised it again. Sign the bytes as received, before anything \
                 parses them."
            }
        }
    }
}

fn restyled(json: &str, style: BodyStyle) -> Option<Vec<u8>> {
    lossless(json)?;
    let mut restyled = Vec::with_capacity(json.len());
    render_value(json, style, &mut restyled);
    Some(restyled)
}

fn lossless(json: &str) -> Option<()> {
    inspect(json).ok()?.loss.is_none().then_some(())
}

fn python(json: &str) -> Option<String> {
    String::from_utf8(restyled(json, BodyStyle::Python)?).ok()
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

/// The JSON text with the members of every object sorted by name.
fn sorted(json: &str) -> Option<String> {
    lossless(json)?;
    let mut value: Value = serde_json::from_str(json).ok()?;
    value.sort_all_objects();
    Some(value.to_string())
}

/// Compact, with `/` and everything beyond ASCII escaped.
fn php(json: &str) -> Option<Vec<u8>> {
    let ascii = String::from_utf8(without_white_space(&python(json)?)?).ok()?;
    Some(ascii.replace('/', "\\/").into_bytes())
}

fn pretty(json: &str) -> Option<Vec<u8>> {
    lossless(json)?;
    let value: Value = serde_json::from_str(json).ok()?;
    serde_json::to_vec_pretty(&value).ok()
}

fn envelope_order(json: &str) -> Option<Vec<u8>> {
    lossless(json)?;
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
