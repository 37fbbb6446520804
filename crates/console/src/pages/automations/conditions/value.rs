//! Values of conditions as people type them.

use postrider_json::Value;
use postrider_json::conditions::Op;

/// The kind of a field, as examples and recent events have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A string.
    String,
    /// Anything else.
    Other,
}

/// The JSON of a value as typed, for this operator and kind of field.
///
/// # Errors
/// What is wrong with it.
pub(super) fn json_of(typed: &str, op: Op, kind: Option<Kind>) -> Result<String, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err("enter a value, or `\"\"` for an empty text".to_owned());
    }
    let is_quoted = typed.len() > 1 && typed.starts_with('"') && typed.ends_with('"');
    let read = Value::read(typed).ok();
    if is_quoted && read.is_some() {
        return Ok(typed.to_owned());
    }
    let searches_text = matches!(op, Op::StartsWith | Op::EndsWith);
    let is_ordered = matches!(op, Op::Gt | Op::Gte | Op::Lt | Op::Lte);
    match read {
        Some(Value::Number(_)) if kind != Some(Kind::String) && !searches_text => Ok(typed.to_owned()),
        Some(Value::Number(_)) | None => {
            let is_number_wanted = kind == Some(Kind::Number) || is_ordered && kind.is_none();
            if is_number_wanted && looks_like_number(typed) {
                return Err(format!(
                    "“{typed}” is not a number; write digits, with a point before decimals"
                ));
            }
            if kind == Some(Kind::Number) && is_ordered {
                return Err(format!("“{typed}” is not a number, but the field is"));
            }
            Ok(serde_json::Value::from(typed).to_string())
        }
        Some(_) if searches_text || kind == Some(Kind::String) => {
            Ok(serde_json::Value::from(typed).to_string())
        }
        Some(_) => Ok(typed.to_owned()),
    }
}

/// `1,000` and `1 000` and `€ 5`, but no date.
fn looks_like_number(typed: &str) -> bool {
    let grouped = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
    let amount = typed
        .trim_start_matches(['€', '$', '£', '-', '+', ' '])
        .trim_end_matches(['€', '$', '£', '%', ' ']);
    amount.starts_with(|c: char| c.is_ascii_digit())
        && amount.chars().all(grouped)
        && Value::read(typed).is_err()
}

/// The values of a list as typed: separated by commas that are not within quotes.
pub(super) fn list_of(typed: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = typed.split(move |c| {
        let is_end = c == ',' && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    let parts: Vec<_> = parts.map(str::trim).filter(|part| !part.is_empty()).collect();
    // One empty value, so that it is refused with a reason.
    if parts.is_empty() { vec![""] } else { parts }
}

/// A JSON value as a person types it: a string without quotes, unless it would be read as something else.
pub(super) fn shown(json: &str) -> String {
    let text = match Value::read(json) {
        Ok(Value::String(text)) => text.into_owned(),
        _ => return json.to_owned(),
    };
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.contains([',', '"', '\n', '\r'])
        && !looks_like_number(&text)
        && Value::read(&text).is_err();
    if is_plain { text } else { json.to_owned() }
}
