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
    pub operands: Operands,
}

#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub name: String,
    /// The name as an index of an array (RFC 6901, section 4).
    pub index: Option<usize>,
    /// Whether it is `*`.
    pub any: bool,
}

/// The values to compare with, by kind and in ascending order, so that one of many is found in few steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Operands {
    pub null: bool,
    /// Whether `false` and `true` are among them.
    pub bools: [bool; 2],
    pub numbers: Vec<Decimal>,
    /// In lower case where the row ignores case.
    pub strings: Vec<String>,
    /// The bytes of the longest of `strings`.
    pub string_bytes_max: usize,
    /// The canonical texts of arrays and objects.
    pub trees: Vec<String>,
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
    CompiledRow {
        path: row.path.split('/').skip(1).map(segment).collect(),
        operands: operands(row),
        row: row.clone(),
    }
}

fn operands(row: &Row) -> Operands {
    let mut operands = Operands::default();
    for literal in &row.values {
        // A literal is always JSON.
        match Value::read(literal.json()).unwrap_or(Value::Null) {
            Value::Null => operands.null = true,
            Value::Bool(value) => operands.bools[usize::from(value)] = true,
            Value::Number(number) => operands.numbers.push(number.decimal()),
            Value::String(text) if row.ignore_case => operands.strings.push(fold(&text)),
            Value::String(text) => operands.strings.push(text.into_owned()),
            tree @ (Value::Array(_) | Value::Object(_)) => operands.trees.push(tree.canonical()),
        }
    }
    operands.numbers.sort_unstable();
    operands.strings.sort_unstable();
    operands.trees.sort_unstable();
    operands.string_bytes_max = operands.strings.iter().map(String::len).max().unwrap_or(0);
    operands
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
