//! Why each row held or not, as data and as a sentence.

use super::Row;
use super::compiled::{CompiledConditions, CompiledRow, Node};
use super::evaluate::find;
use super::words::{Finding, cut, sentence};
use super::work::{OutOfWork, Work};
use crate::outline::{Item, Outline};
use crate::payload::Payload;

/// Maximum bytes of a found value in an explanation, before the `…` of one that is cut.
pub const FOUND_BYTES_MAX: usize = 128;

/// Why a row held or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowExplanation {
    /// The row.
    pub row: Row,
    /// Whether the row was compared. If not, the steps of the explanation did not suffice, or the data has
    /// too many values; the members below say nothing.
    pub compared: bool,
    /// Whether the row by itself holds.
    pub holds: bool,
    /// Whether an odd number of `not` is around the row, so that it should not hold.
    pub inverted: bool,
    /// The value that decided, or else the first that the path found: JSON, cut to [`FOUND_BYTES_MAX`].
    pub found: Option<String>,
    /// How many values the path found.
    pub found_count: usize,
    /// For people, without a full stop: "total is 300, needs at least 1,000".
    pub sentence: String,
}

impl CompiledConditions {
    /// Explains every row, in the order of the tree. Takes the work from `steps`, and of it at most
    /// [`WORK_MAX`](super::WORK_MAX).
    pub fn explain(&self, payload: &Payload<'_>, steps: &mut usize) -> Vec<RowExplanation> {
        let mut work = Work::up_to(*steps);
        let mut rows = Vec::new();
        let root = payload.outline().map(Outline::root);
        explain(&self.root, false, root, &mut work, &mut rows);
        *steps -= work.spent();
        rows
    }
}

fn explain(
    node: &Node,
    inverted: bool,
    data: Option<Item<'_, '_>>,
    work: &mut Work,
    rows: &mut Vec<RowExplanation>,
) {
    match node {
        Node::All(parts) | Node::Any(parts) => {
            for part in parts {
                explain(part, inverted, data, work, rows);
            }
        }
        Node::Not(part) => explain(part, !inverted, data, work, rows),
        Node::Row(row) => rows.push(explain_row(row, inverted, data, work)),
    }
}

fn explain_row(
    compiled: &CompiledRow,
    inverted: bool,
    data: Option<Item<'_, '_>>,
    work: &mut Work,
) -> RowExplanation {
    let (op, negated) = compiled.row.op.positive();
    let (mut first, mut deciding, mut found_count) = (None, None, 0);
    let mut visit = |item, work: &mut Work| {
        work.spend(1)?;
        found_count += 1;
        first = first.or(Some(item));
        if deciding.is_none() && compiled.satisfies(op, item, work)? {
            deciding = Some(item);
        }
        Ok(false)
    };
    let searched = data
        .ok_or(OutOfWork)
        .and_then(|data| find(data, &compiled.path, work, &mut visit));
    let compared = searched != Err(OutOfWork);
    let holds = compared && deciding.is_some() != negated;
    let found = deciding.or(first).map(|item| {
        let mut text = String::new();
        item.print(FOUND_BYTES_MAX, &mut text);
        cut(text, FOUND_BYTES_MAX)
    });
    let finding = Finding {
        compared,
        fits: holds != inverted,
        found: found.as_deref(),
        found_count,
    };
    RowExplanation {
        sentence: sentence(&compiled.row, inverted, finding),
        row: compiled.row.clone(),
        compared,
        holds,
        inverted,
        found,
        found_count,
    }
}
