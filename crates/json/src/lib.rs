//! Reads JSON texts without losing anything of them.
//!
//! Producers send JSON, and receivers compute signatures over what they re-serialise. So this crate keeps the
//! text and answers questions about it: is it JSON, what would re-serialising lose, and where in the text.
//! Numbers stay the decimals that the producer wrote.
//!
//! | file | holds |
//! |---|---|
//! | `inspect.rs` | [`inspect`]: whether a text is JSON, and survives being parsed and printed again |
//! | `scan.rs` | the grammar and the nesting, reported to a visitor |
//! | `string.rs` | the ends, escapes and spelling of strings |
//! | `number.rs` | the grammar, exactness and printing of numbers |
//! | `names.rs` | names that occur twice |
//! | `payload.rs`, `value.rs` | [`Payload`]: an event's `data`, read once; [`Value`]: a text as a tree |
//! | `outline.rs` | a text's values as a flat list, in which a few of them are looked up |
//! | `decimal.rs` | [`Decimal`]: the exact value of a number, to compare and divide |
//! | `pointer.rs` | JSON pointers: escaping, and where a loss is |
//! | `unique.rs` | [`UniqueMembers`]: any value, through serde, without duplicate names |
//! | `merge_patch.rs` | [`merge_patch`]: RFC 7396, from text to text |
//! | `conditions.rs` | [`Conditions`]: which events an automation runs for, by their `data` |
//! | `error.rs` | where and why a text is not JSON |
//!
//! The reader takes time linear in the length of the text, whatever it contains, and does not recurse. This
//! crate does no I/O. It must never round a number, panic on what a stranger sent, or read an event's text by
//! rules other than those in `scan.rs`.
//!
//! To answer a new question about a text, write a visitor for [`scan`](scan::scan). To add a reason for loss,
//! extend [`LossReason`], report it from the visitor in `inspect.rs`, and add a case to `tests/inspect.rs`.

#![forbid(unsafe_code)]

pub mod conditions;
mod decimal;
mod error;
mod inspect;
mod merge_patch;
mod names;
pub mod number;
mod outline;
mod payload;
pub mod pointer;
pub mod scan;
pub mod string;
mod unique;
mod value;

pub use conditions::{
    CompiledConditions, Conditions, ConditionsFault, Field, FieldKind, Judgement, RowExplanation, Verdict,
    fields,
};
pub use decimal::{DIVISOR_DIGITS_MAX, Decimal};
pub use error::{JsonError, JsonErrorKind};
pub use inspect::{Inspection, Loss, LossReason, inspect};
pub use merge_patch::{NotAnObject, merge_patch};
pub use payload::{Payload, PayloadError};
pub use scan::DEPTH_MAX;
pub use unique::UniqueMembers;
pub use value::{Members, Value};
