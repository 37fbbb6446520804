//! Conditions in words, for people who do not read JSON: a sentence for a row that was compared, and a line
//! for all rows.
//!
//! A path is written with dots, without the `*` of its arrays: `/items/*/sku` is "items.sku". Amounts in
//! sentences have separators (1,000). Values that are compared for equality have none, because they may be
//! ids or years.

use super::{Condition, Literal, Op, Row};
use crate::value::Value;

/// Maximum bytes of a summary, before the `…` of one that is cut: a line of a list.
pub const SUMMARY_BYTES_MAX: usize = 200;
/// Maximum bytes of a field's name, or of one value to compare with.
const WORD_BYTES_MAX: usize = 64;
/// Maximum values of a list that are written out.
const LISTED_MAX: usize = 5;

/// What a row met in the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finding<'f> {
    /// Whether it was compared at all.
    pub compared: bool,
    /// Whether the outcome is what the conditions need.
    pub fits: bool,
    /// The value that decided, or the first; JSON.
    pub found: Option<&'f str>,
    pub found_count: usize,
}

/// "total is 300, needs at least 1,000".
pub(super) fn sentence(row: &Row, inverted: bool, finding: Finding<'_>) -> String {
    let subject = subject(&row.path);
    if !finding.compared {
        return format!("{subject} was not compared: the data is too large for these conditions");
    }
    let (op, negated) = row.op.positive();
    let many = is_many(&row.path);
    let amount = |json: &str| match is_range(op) {
        true => with_separators(json),
        false => json.to_owned(),
    };
    let state = match (finding.found.map(amount), finding.found_count) {
        (None, _) if many => "has no values".to_owned(),
        (None, _) => "is missing".to_owned(),
        (Some(found), _) if !many => format!("is {found}"),
        (Some(found), 1) => format!("has {found}"),
        (Some(found), 2) => format!("has {found} and 1 other value"),
        (Some(found), count) => format!("has {found} and {} other values", count - 1),
    };
    // Two negations, of the operator and of the groups around the row, cancel each other out.
    let positive = negated == inverted;
    let values = listed(row, &amount);
    let need = match many {
        true => need_of_many(op, positive, finding.fits, &values),
        false => need_of_one(op, positive, finding.fits, &values),
    };
    match (finding.fits, need) {
        (false, need) => format!("{subject} {state}, {}", need.unwrap_or_default()),
        (true, None) => format!("{subject} {state}, as needed"),
        (true, Some(need)) => format!("{subject} {state}, as needed: {need}"),
    }
}

/// What one value needs to be, or is if it `fits`. `None` where the value says it all.
fn need_of_one(op: Op, positive: bool, fits: bool, values: &str) -> Option<String> {
    Some(match (op, positive, fits) {
        (Op::Exists, true, false) => "needs a value".to_owned(),
        (Op::Exists, false, false) => "must be missing".to_owned(),
        (Op::Exists | Op::Eq | Op::In, true, true) | (Op::Exists, false, true) => return None,
        // The opposite of a range is a range too, and only a value within it reaches this arm.
        (op, false, false) if is_range(op) => format!("needs {} {values}", range(opposite(op))),
        (op, true, false) if is_range(op) => format!("needs {} {values}", range(op)),
        (op, true, true) if is_range(op) => format!("{} {values}", range(op)),
        (op, false, true) if is_range(op) => format!("not {} {values}", range(op)),
        (Op::Eq | Op::In, true, false) => format!("needs {values}"),
        (Op::Eq | Op::In, false, false) => format!("must not be {values}"),
        (Op::Eq | Op::In, _, true) => format!("not {values}"),
        (op, true, false) => format!("needs to {} {values}", text_verb(op, false)),
        (op, false, false) => format!("must not {} {values}", text_verb(op, false)),
        (op, true, true) => format!("{} {values}", text_verb(op, true)),
        (op, false, true) => format!("does not {} {values}", text_verb(op, false)),
    })
}

/// The same for a path that can find many values.
fn need_of_many(op: Op, positive: bool, fits: bool, values: &str) -> Option<String> {
    let quality = match op {
        Op::Exists => return need_of_one(op, positive, fits, values),
        Op::Eq | Op::In => format!("is {values}"),
        op if is_range(op) => format!("is {} {values}", range(op)),
        op => format!("{} {values}", text_verb(op, true)),
    };
    match (positive, fits) {
        (true, false) => Some(format!("needs one that {quality}")),
        (false, false) => Some(format!("must have none that {quality}")),
        (true, true) if matches!(op, Op::Eq | Op::In) => None,
        (true, true) => Some(format!("one that {quality}")),
        (false, true) => Some(format!("none that {quality}")),
    }
}

fn is_range(op: Op) -> bool {
    matches!(op, Op::Gt | Op::Gte | Op::Lt | Op::Lte)
}

fn range(op: Op) -> &'static str {
    match op {
        Op::Gt => "more than",
        Op::Gte => "at least",
        Op::Lt => "less than",
        _ => "at most",
    }
}

fn opposite(op: Op) -> Op {
    match op {
        Op::Gt => Op::Lte,
        Op::Gte => Op::Lt,
        Op::Lt => Op::Gte,
        _ => Op::Gt,
    }
}

fn text_verb(op: Op, third_person: bool) -> &'static str {
    match (op, third_person) {
        (Op::StartsWith, false) => "start with",
        (Op::StartsWith, true) => "starts with",
        (Op::EndsWith, false) => "end with",
        (Op::EndsWith, true) => "ends with",
        (_, false) => "contain",
        (_, true) => "contains",
    }
}

/// `"DE", "AT" or "CH"`; of many, the first and the number of the others.
fn listed(row: &Row, word: &dyn Fn(&str) -> String) -> String {
    let words = row.values.iter().map(|it| cut(word(it.json()), WORD_BYTES_MAX));
    list(words, row.values.len())
}

fn list(words: impl Iterator<Item = String>, count: usize) -> String {
    let mut words: Vec<_> = words.take(LISTED_MAX).collect();
    let last = match count.saturating_sub(LISTED_MAX) {
        0 => words.pop(),
        others => Some(format!("{others} more")),
    };
    match (words.is_empty(), last) {
        (false, Some(last)) => format!("{} or {last}", words.join(", ")),
        (_, last) => last.unwrap_or_default(),
    }
}

/// The path with dots: "customer.name"; "data" for the whole.
fn subject(path: &str) -> String {
    let segments = path.split('/').skip(1).filter(|segment| *segment != "*");
    let names: Vec<_> = segments
        .map(|segment| match segment {
            "" => "\"\"".to_owned(),
            _ => segment.replace("~1", "/").replace("~0", "~"),
        })
        .collect();
    match names.is_empty() {
        true => "data".to_owned(),
        false => cut(names.join("."), WORD_BYTES_MAX),
    }
}

/// Whether the path can find more than one value.
fn is_many(path: &str) -> bool {
    path.split('/').any(|segment| segment == "*")
}

/// Cuts a text, and marks it as cut.
pub(super) fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

/// A JSON number without an exponent, with separators between its thousands; other JSON unchanged.
fn with_separators(json: &str) -> String {
    let is_plain = json
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
    if !is_plain {
        return json.to_owned();
    }
    let (whole, fraction) = json.split_at(json.find('.').unwrap_or(json.len()));
    let digits = whole.trim_start_matches('-');
    let mut separated = whole[..whole.len() - digits.len()].to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            separated.push(',');
        }
        separated.push(digit);
    }
    separated + fraction
}

/// "total ≥ 1000 and customer.country is DE".
pub(super) fn summary(root: &Condition) -> String {
    let mut line = String::new();
    summarise(root, false, &mut line);
    cut(line, SUMMARY_BYTES_MAX)
}

/// Appends a node; within another group, a group has parentheses.
fn summarise(node: &Condition, within: bool, line: &mut String) {
    if line.len() > SUMMARY_BYTES_MAX {
        return;
    }
    let (parts, word) = match node {
        Condition::Row(row) => return line.push_str(&row_summary(row)),
        Condition::Not(part) => {
            line.push_str("not (");
            summarise(part, false, line);
            line.push(')');
            return;
        }
        Condition::All(parts) => (parts, " and "),
        Condition::Any(parts) => (parts, " or "),
    };
    let enclosed = within && parts.len() > 1;
    line.push_str(if enclosed { "(" } else { "" });
    for (at, part) in parts.iter().enumerate() {
        line.push_str(if at > 0 { word } else { "" });
        summarise(part, within || parts.len() > 1, line);
    }
    line.push_str(if enclosed { ")" } else { "" });
}

fn row_summary(row: &Row) -> String {
    let name = subject(&row.path);
    let (_, negated) = row.op.positive();
    let subject = match (is_many(&row.path), negated) {
        _ if row.op.takes_no_value() => name,
        (false, _) => name,
        (true, false) => format!("any of {name}"),
        (true, true) => format!("none of {name}"),
    };
    let op = match row.op {
        Op::Ne if is_many(&row.path) => "is",
        Op::NotIn if is_many(&row.path) => "is",
        Op::Eq | Op::In => "is",
        Op::Ne | Op::NotIn => "is not",
        Op::Gt => ">",
        Op::Gte => "≥",
        Op::Lt => "<",
        Op::Lte => "≤",
        Op::Contains | Op::StartsWith | Op::EndsWith => text_verb(row.op, true),
        Op::Exists => return format!("{subject} exists"),
        Op::Missing => return format!("{subject} is missing"),
    };
    let words = row.values.iter().map(|it| cut(bare(it), WORD_BYTES_MAX));
    let values = list(words, row.values.len());
    let case = if row.ignore_case { " (in any case)" } else { "" };
    format!("{subject} {op} {values}{case}")
}

/// A value as JSON, but an unambiguous string without its quotes.
fn bare(literal: &Literal) -> String {
    if let Ok(Value::String(text)) = Value::read(literal.json()) {
        let is_word = text.starts_with(char::is_alphabetic)
            && text.chars().all(|it| it.is_alphanumeric() || "-_.@".contains(it));
        if is_word && !matches!(&*text, "true" | "false" | "null" | "and" | "or") {
            return text.into_owned();
        }
    }
    literal.json().to_owned()
}
