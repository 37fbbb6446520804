//! Whether conditions hold on a payload.
//!
//! All conditions on one payload share its [`Outline`]. Each row looks its path up there. The path has a
//! fixed number of segments, so the values that it finds do not overlap, and a row takes time linear in the
//! payload. Work beyond one lookup is paid for before it is
//! done.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Op;
use super::compiled::{CompiledConditions, CompiledRow, Node, Segment, fold};
use super::work::{OutOfWork, WORK_MAX, Work};
use crate::number::Number;
use crate::outline::{Item, Kind, Spelled};
use crate::payload::Payload;

/// Bytes of a string that are searched or unescaped in the time of one step.
const TEXT_BYTES_PER_STEP: usize = 2;
/// Steps for one byte in lower case.
const FOLD_STEPS_PER_BYTE: usize = 5;
/// Steps to read a number, and as many for each comparison; and one more for each 16 of its digits.
const NUMBER_STEPS: usize = 5;
/// Steps for the canonical text of each value within an array or object, and for each byte of its strings.
const TREE_STEPS_PER_ENTRY: usize = 100;
const TREE_STEPS_PER_BYTE: usize = 1;
/// A character has at most 3 times as many bytes as its lower case: U+212A is `k`.
const FOLDED_SHRINKS_MAX: usize = 3;

/// The answer to whether conditions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They hold.
    Holds,
    /// They do not.
    DoesNotHold,
    /// Judging takes more than [`WORK_MAX`](super::WORK_MAX) steps, or the data has more than 250,000 values.
    /// The automation does not run, whatever `not` surrounds the conditions.
    TooMuchWork,
}

/// A verdict, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Steps of work, of 1 to 3 ns each; at most [`WORK_MAX`](super::WORK_MAX). Reading the payload, which
    /// all conditions on it share, is not among them.
    pub steps: usize,
}

impl CompiledConditions {
    /// Whether the conditions hold on the payload. If it takes too much work to find out, they count as not
    /// holding; [`judge`](Self::judge) tells the two apart.
    pub fn hold(&self, payload: &Payload<'_>) -> bool {
        self.judge(payload).verdict == Verdict::Holds
    }

    /// Judges a payload. The verdict depends on the conditions and the payload alone.
    ///
    /// A caller with many conditions for one payload adds up their steps, to leave the thread in time.
    pub fn judge(&self, payload: &Payload<'_>) -> Judgement {
        let Some(data) = payload.outline() else {
            return Judgement {
                verdict: Verdict::TooMuchWork,
                steps: 0,
            };
        };
        let mut work = Work::up_to(WORK_MAX);
        let verdict = match holds(&self.root, data.root(), &mut work) {
            Ok(true) => Verdict::Holds,
            Ok(false) => Verdict::DoesNotHold,
            Err(OutOfWork) => Verdict::TooMuchWork,
        };
        Judgement {
            verdict,
            steps: work.spent(),
        }
    }
}

fn holds(node: &Node, data: Item<'_, '_>, work: &mut Work) -> Result<bool, OutOfWork> {
    let (parts, is_any) = match node {
        Node::All(parts) => (parts, false),
        Node::Any(parts) => (parts, true),
        Node::Not(part) => return Ok(!holds(part, data, work)?),
        Node::Row(row) => return row.holds(data, work),
    };
    for part in parts {
        if holds(part, data, work)? == is_any {
            return Ok(is_any);
        }
    }
    Ok(!is_any)
}

impl CompiledRow {
    fn holds(&self, data: Item<'_, '_>, work: &mut Work) -> Result<bool, OutOfWork> {
        let (op, negated) = self.row.op.positive();
        let found = find(data, &self.path, work, &mut |item, work| {
            work.spend(1)?;
            self.satisfies(op, item, work)
        })?;
        Ok(found != negated)
    }

    /// Whether one found value satisfies a positive operator.
    #[inline]
    pub(super) fn satisfies(&self, op: Op, item: Item<'_, '_>, work: &mut Work) -> Result<bool, OutOfWork> {
        match (op, item.kind()) {
            (Op::Exists, _) => Ok(true),
            (Op::Eq | Op::In, _) => self.equals(item, work),
            (Op::Contains, Kind::Array) => {
                for element in item.children() {
                    work.spend(1)?;
                    if self.equals(element, work)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Op::Contains | Op::StartsWith | Op::EndsWith, Kind::String(text)) => {
                self.has_part(op, text, work)
            }
            (Op::Gt | Op::Gte | Op::Lt | Op::Lte, kind) => self.is_in_range(op, kind, work),
            _ => Ok(false),
        }
    }

    fn has_part(&self, op: Op, text: Spelled<'_>, work: &mut Work) -> Result<bool, OutOfWork> {
        let Some(part) = self.operands.strings.first() else {
            return Ok(false);
        };
        work.spend(text.raw.len() / TEXT_BYTES_PER_STEP)?;
        let text = self.compared(text, work)?;
        Ok(match op {
            Op::Contains => text.contains(part.as_str()),
            Op::StartsWith => text.starts_with(part.as_str()),
            _ => text.ends_with(part.as_str()),
        })
    }

    fn is_in_range(&self, op: Op, kind: Kind<'_>, work: &mut Work) -> Result<bool, OutOfWork> {
        // A range has one operand: a number or a string.
        let operands = &self.operands;
        let ordering = match (kind, operands.numbers.first(), operands.strings.first()) {
            (Kind::Number(text), Some(operand), _) => {
                work.spend(2 * NUMBER_STEPS + text.len() / 16)?;
                operand.compare(&Number::of(text).digits()).reverse()
            }
            (Kind::String(text), _, Some(operand)) => {
                // The order of UTF-8's bytes is that of the code points.
                (*self.compared(text, work)?).cmp(operand.as_str())
            }
            _ => return Ok(false),
        };
        Ok(match op {
            Op::Gt => ordering == Ordering::Greater,
            Op::Gte => ordering != Ordering::Less,
            Op::Lt => ordering == Ordering::Less,
            _ => ordering != Ordering::Greater,
        })
    }

    /// Whether the value equals one of the operands.
    #[inline]
    fn equals(&self, item: Item<'_, '_>, work: &mut Work) -> Result<bool, OutOfWork> {
        let operands = &self.operands;
        match item.kind() {
            Kind::Null => Ok(operands.null),
            Kind::Bool(value) => Ok(operands.bools[usize::from(value)]),
            Kind::Number(text) if !operands.numbers.is_empty() => {
                let comparisons = 1 + operands.numbers.len().ilog2() as usize;
                work.spend((1 + comparisons) * NUMBER_STEPS + text.len() / 16)?;
                let digits = Number::of(text).digits();
                let found = operands
                    .numbers
                    .binary_search_by(|operand| operand.compare(&digits));
                Ok(found.is_ok())
            }
            Kind::String(text) if !operands.strings.is_empty() => self.equals_string(text, work),
            Kind::Array | Kind::Object if !operands.trees.is_empty() => {
                let (bytes, entries) = item.extent();
                work.spend(entries * TREE_STEPS_PER_ENTRY + bytes * TREE_STEPS_PER_BYTE)?;
                Ok(operands.trees.binary_search(&item.value().canonical()).is_ok())
            }
            _ => Ok(false),
        }
    }

    fn equals_string(&self, text: Spelled<'_>, work: &mut Work) -> Result<bool, OutOfWork> {
        let operands = &self.operands;
        // Too long to be equal in any case and spelling.
        if !text.can_spell(FOLDED_SHRINKS_MAX * operands.string_bytes_max) {
            return Ok(false);
        }
        let text = self.compared(text, work)?;
        let found = operands.strings.binary_search_by(|it| it.as_str().cmp(&text));
        Ok(found.is_ok())
    }

    /// The text as it is compared: unescaped, and in lower case where the row ignores case.
    fn compared<'t>(&self, text: Spelled<'t>, work: &mut Work) -> Result<Cow<'t, str>, OutOfWork> {
        if text.escaped {
            work.spend(text.raw.len() / TEXT_BYTES_PER_STEP)?;
        }
        let text = text.unescaped();
        if !self.row.ignore_case {
            return Ok(text);
        }
        work.spend(text.len() * FOLD_STEPS_PER_BYTE)?;
        Ok(Cow::Owned(fold(&text)))
    }
}

/// Calls `visit` for each value that the path finds until it returns true. Returns whether it did.
pub(super) fn find<'o, 'a>(
    item: Item<'o, 'a>,
    path: &[Segment],
    work: &mut Work,
    visit: &mut impl FnMut(Item<'o, 'a>, &mut Work) -> Result<bool, OutOfWork>,
) -> Result<bool, OutOfWork> {
    let Some((segment, rest)) = path.split_first() else {
        return visit(item, work);
    };
    let child = match item.kind() {
        Kind::Array if segment.any => {
            for element in item.children() {
                work.spend(1)?;
                if find(element, rest, work, visit)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Kind::Array => element(item, segment, work)?,
        Kind::Object => member(item, segment, work)?,
        _ => None,
    };
    child.map_or(Ok(false), |child| find(child, rest, work, visit))
}

fn element<'o, 'a>(
    array: Item<'o, 'a>,
    segment: &Segment,
    work: &mut Work,
) -> Result<Option<Item<'o, 'a>>, OutOfWork> {
    let Some(index) = segment.index else {
        return Ok(None);
    };
    for (at, element) in array.children().enumerate() {
        work.spend(1)?;
        if at == index {
            return Ok(Some(element));
        }
    }
    Ok(None)
}

/// The last member of that name.
fn member<'o, 'a>(
    object: Item<'o, 'a>,
    segment: &Segment,
    work: &mut Work,
) -> Result<Option<Item<'o, 'a>>, OutOfWork> {
    let mut found = None;
    for member in object.children() {
        let name = member.name();
        let unescaping = if name.escaped { name.raw.len() } else { 0 };
        work.spend(1 + unescaping / TEXT_BYTES_PER_STEP)?;
        if name.is(&segment.name) {
            found = Some(member);
            if object.names_are_unique() {
                break;
            }
        }
    }
    Ok(found)
}
