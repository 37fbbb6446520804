//! Why each row held or not, as data and as a sentence.

use super::compiled::{CompiledConditions, CompiledRow, Node};
use super::evaluate::find;
use super::{Literal, Op, Row, print};
use crate::value::Value;

/// Maximum bytes of a found value in an explanation, before the `…` of one that is cut.
pub const FOUND_BYTES_MAX: usize = 128;

/// Why a row held or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowExplanation {
    /// The row.
    pub row: Row,
    /// Whether the row by itself holds.
    pub holds: bool,
    /// Whether an odd number of `not` is around the row, so that it should not hold.
    pub inverted: bool,
    /// The value that decided, or else the first that the path found: JSON, cut to [`FOUND_BYTES_MAX`].
    pub found: Option<String>,
    /// How many values the path found.
    pub found_count: usize,
    /// For people, without a full stop: "total is 300, needs at least 1000".
    pub sentence: String,
}

impl CompiledConditions {
    /// Explains every row, in the order of the tree.
    pub fn explain(&self, data: &Value<'_>) -> Vec<RowExplanation> {
        let mut rows = Vec::new();
        explain(&self.root, false, data, &mut rows);
        rows
    }
}

fn explain(node: &Node, inverted: bool, data: &Value<'_>, rows: &mut Vec<RowExplanation>) {
    match node {
        Node::All(parts) | Node::Any(parts) => {
            for part in parts {
                explain(part, inverted, data, rows);
            }
        }
        Node::Not(part) => explain(part, !inverted, data, rows),
        Node::Row(row) => rows.push(explain_row(row, inverted, data)),
    }
}

fn explain_row(compiled: &CompiledRow, inverted: bool, data: &Value<'_>) -> RowExplanation {
    let (op, _) = compiled.row.op.positive();
    let (mut first, mut deciding, mut found_count) = (None, None, 0);
    find(data, &compiled.path, &mut |value| {
        found_count += 1;
        first = first.or(Some(value));
        if deciding.is_none() && compiled.satisfies(op, value) {
            deciding = Some(value);
        }
        false
    });
    let found = deciding.or(first).map(cut);
    let holds = compiled.holds(data);
    let subject = subject(&compiled.row.path);
    let state = match (&found, found_count) {
        (None, _) => "is missing".to_owned(),
        (Some(found), 1) => format!("is {found}"),
        (Some(found), count) => format!("is {found} (one of {count} values)"),
    };
    let expectation = expectation(&compiled.row);
    let judgement = match (holds, inverted) {
        (true, false) => format!("as needed: {expectation}"),
        (false, false) => format!("needs {expectation}"),
        (true, true) => format!("but `not` excludes {expectation}"),
        (false, true) => format!("as needed: not {expectation}"),
    };
    RowExplanation {
        row: compiled.row.clone(),
        holds,
        inverted,
        found,
        found_count,
        sentence: format!("{subject} {state}, {judgement}"),
    }
}

fn subject(path: &str) -> String {
    match path.strip_prefix('/') {
        None => "data".to_owned(),
        Some(path) => path.replace('/', ".").replace("~1", "/").replace("~0", "~"),
    }
}

fn expectation(row: &Row) -> String {
    let value = row
        .values
        .iter()
        .map(Literal::json)
        .collect::<Vec<_>>()
        .join(", ");
    match row.op {
        Op::Eq => value,
        Op::Ne => format!("anything but {value}"),
        Op::In => format!("one of {value}"),
        Op::NotIn => format!("none of {value}"),
        Op::Gt => format!("more than {value}"),
        Op::Gte => format!("at least {value}"),
        Op::Lt => format!("less than {value}"),
        Op::Lte => format!("at most {value}"),
        Op::Contains => format!("something that contains {value}"),
        Op::StartsWith => format!("text that starts with {value}"),
        Op::EndsWith => format!("text that ends with {value}"),
        Op::Exists => "a value".to_owned(),
        Op::Missing => "no value".to_owned(),
    }
}

fn cut(value: &Value<'_>) -> String {
    let mut text = String::new();
    print(value, FOUND_BYTES_MAX, &mut text);
    if text.len() > FOUND_BYTES_MAX {
        text.truncate(text.floor_char_boundary(FOUND_BYTES_MAX));
        text.push('…');
    }
    text
}
