//! Conditions, prepared: paths split and unescaped, numbers as decimals, letters folded.

use super::{Condition, Op, Row};
use crate::decimal::Decimal;
use crate::value::Value;

/// Conditions that are ready to be evaluated, any number of times and on any thread.
#[derive(Debug, Clone)]
pub struct CompiledConditions {
    pub(super) root: Node,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Row(CompiledRow),
}

#[derive(Debug, Clone)]
pub(super) struct CompiledRow {
    pub row: Row,
    pub path: Vec<Segment>,
    pub operands: Vec<Operand>,
}

#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub name: String,
    /// The name as an index of an array (RFC 6901, section 4).
    pub index: Option<usize>,
    /// Whether it is `*`.
    pub any: bool,
}

/// A value to compare with.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Null,
    Bool(bool),
    Number(Decimal),
    /// In lower case where the row ignores case.
    String(String),
    /// The canonical text of an array or object.
    Tree(String),
}

impl CompiledConditions {
    pub(super) fn new(root: &Condition) -> Self {
        Self { root: node(root) }
    }
}

fn node(condition: &Condition) -> Node {
    match condition {
        Condition::All(parts) => Node::All(parts.iter().map(node).collect()),
        Condition::Any(parts) => Node::Any(parts.iter().map(node).collect()),
        Condition::Not(part) => Node::Not(Box::new(node(part))),
        Condition::Row(row) => Node::Row(compile_row(row)),
    }
}

fn compile_row(row: &Row) -> CompiledRow {
    let operand = |json: &str| match Value::read(json) {
        Ok(Value::Bool(value)) => Operand::Bool(value),
        Ok(Value::Number(number)) => Operand::Number(number.decimal()),
        Ok(Value::String(text)) if row.ignore_case => Operand::String(fold(&text)),
        Ok(Value::String(text)) => Operand::String(text.into_owned()),
        Ok(tree @ (Value::Array(_) | Value::Object(_))) => Operand::Tree(tree.canonical()),
        // A literal is always JSON.
        Ok(Value::Null) | Err(_) => Operand::Null,
    };
    CompiledRow {
        path: row.path.split('/').skip(1).map(segment).collect(),
        operands: row.values.iter().map(|value| operand(value.json())).collect(),
        row: row.clone(),
    }
}

fn segment(escaped: &str) -> Segment {
    let is_index =
        escaped == "0" || !escaped.starts_with('0') && escaped.bytes().all(|it| it.is_ascii_digit());
    Segment {
        name: escaped.replace("~1", "/").replace("~0", "~"),
        index: is_index.then(|| escaped.parse().ok()).flatten(),
        any: escaped == "*",
    }
}

/// The lower-case mapping of each character, regardless of those around it.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Op {
    /// The operator that this one negates, or itself; and whether it negates.
    pub(super) fn positive(self) -> (Self, bool) {
        match self {
            Self::Ne => (Self::Eq, true),
            Self::NotIn => (Self::In, true),
            Self::Missing => (Self::Exists, true),
            other => (other, false),
        }
    }
}
