//! Whether conditions hold on a payload.
//!
//! Each row walks the tree once. Its path has a fixed number of segments, so the values that it finds do not
//! overlap, and a row takes time linear in the payload for each of its values.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Op;
use super::compiled::{CompiledConditions, CompiledRow, Node, Operand, Segment, fold};
use crate::payload::Payload;
use crate::value::Value;

impl CompiledConditions {
    /// Whether the conditions hold on the payload.
    pub fn hold(&self, payload: &Payload<'_>) -> bool {
        self.hold_on(&payload.value())
    }

    /// Whether the conditions hold on `data`. Several conditions on one payload can share its tree.
    pub fn hold_on(&self, data: &Value<'_>) -> bool {
        holds(&self.root, data)
    }
}

fn holds(node: &Node, data: &Value<'_>) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, data)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, data)),
        Node::Not(part) => !holds(part, data),
        Node::Row(row) => row.holds(data),
    }
}

impl CompiledRow {
    pub(super) fn holds(&self, data: &Value<'_>) -> bool {
        let (op, negated) = self.row.op.positive();
        let found = find(data, &self.path, &mut |value| self.satisfies(op, value));
        found != negated
    }

    /// Whether one found value satisfies a positive operator.
    pub(super) fn satisfies(&self, op: Op, value: &Value<'_>) -> bool {
        let fits = |ordering: Ordering| match op {
            Op::Gt => ordering.is_gt(),
            Op::Gte => ordering.is_ge(),
            Op::Lt => ordering.is_lt(),
            Op::Lte => ordering.is_le(),
            _ => false,
        };
        match (op, value) {
            (Op::Exists, _) => true,
            (Op::Eq | Op::In, _) => self.equals_any(value),
            (Op::Contains, Value::Array(items)) => items.iter().any(|item| self.equals_any(item)),
            (Op::Contains | Op::StartsWith | Op::EndsWith, Value::String(text)) => {
                let Some(Operand::String(part)) = self.operands.first() else {
                    return false;
                };
                let text = self.folded(text);
                match op {
                    Op::Contains => text.contains(part.as_str()),
                    Op::StartsWith => text.starts_with(part.as_str()),
                    _ => text.ends_with(part.as_str()),
                }
            }
            (_, Value::Number(number)) => match self.operands.first() {
                Some(Operand::Number(other)) => fits(number.decimal().cmp(other)),
                _ => false,
            },
            (_, Value::String(text)) => match self.operands.first() {
                // The order of UTF-8's bytes is that of the code points.
                Some(Operand::String(other)) => fits((**text).cmp(other.as_str())),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the value equals one of the operands. It is converted at most once.
    fn equals_any(&self, value: &Value<'_>) -> bool {
        let mut operands = self.operands.iter();
        match value {
            Value::Null => operands.any(|it| matches!(it, Operand::Null)),
            Value::Bool(value) => operands.any(|it| matches!(it, Operand::Bool(other) if other == value)),
            Value::Number(number) => {
                if !self.operands.iter().any(|it| matches!(it, Operand::Number(_))) {
                    return false;
                }
                let decimal = number.decimal();
                operands.any(|it| matches!(it, Operand::Number(other) if *other == decimal))
            }
            Value::String(text) => {
                let text = self.folded(text);
                operands.any(|it| matches!(it, Operand::String(other) if *other == *text))
            }
            Value::Array(_) | Value::Object(_) => {
                if !self.operands.iter().any(|it| matches!(it, Operand::Tree(_))) {
                    return false;
                }
                let canonical = value.canonical();
                operands.any(|it| matches!(it, Operand::Tree(other) if *other == canonical))
            }
        }
    }

    fn folded<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.row.ignore_case {
            true => Cow::Owned(fold(text)),
            false => Cow::Borrowed(text),
        }
    }
}

/// Calls `visit` for each value that the path finds until it returns true. Returns whether it did.
pub(super) fn find<'v, 'a>(
    value: &'v Value<'a>,
    path: &[Segment],
    visit: &mut impl FnMut(&'v Value<'a>) -> bool,
) -> bool {
    let Some((segment, rest)) = path.split_first() else {
        return visit(value);
    };
    match value {
        Value::Array(items) if segment.any => items.iter().any(|item| find(item, rest, visit)),
        Value::Array(items) => {
            let item = segment.index.and_then(|index| items.get(index));
            item.is_some_and(|item| find(item, rest, visit))
        }
        Value::Object(members) => members
            .get(&segment.name)
            .is_some_and(|member| find(member, rest, visit)),
        _ => false,
    }
}
