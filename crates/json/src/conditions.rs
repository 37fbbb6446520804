//! Conditions on an event's `data`: the tree as a customer writes it, and its JSON.
//!
//! ```json
//! {"all":[{"path":"/total","op":"gte","value":1000},{"not":{"path":"/tags/*","op":"eq","value":"test"}}]}
//! ```
//!
//! | rule | example |
//! |---|---|
//! | `path` is a JSON pointer (RFC 6901) | `/a~1b/0` is the first element of the member `a/b` |
//! | `*` is any element of an array; in an object, the member named `*` | `/items/*/sku` |
//! | a row holds if any value that its path finds satisfies it | `/tags/* eq "vip"`: one tag is `vip` |
//! | `ne` and `not_in` negate `eq` and `in` | `/tags/* ne "vip"`: no tag is `vip` |
//! | where the path finds nothing, only `missing`, `ne` and `not_in` hold | `/a missing` on `{}` |
//! | `null` is a value | `/a exists` holds on `{"a":null}` |
//! | numbers compare as exact decimals | 1250.50 = 1250.5, 1e3 = 1000 |
//! | strings compare by code points | `"Z"` is below `"a"` |
//! | arrays and objects are equal as JSON values | the order of members does not matter |
//! | `gt`, `gte`, `lt` and `lte` compare two numbers or two strings | `"9" gt 5` does not hold |
//! | `contains` finds text in a string, or an equal element in an array | `/tags contains "vip"` |
//! | `ignore_case` compares strings by their characters' lower-case mappings | `É` = `é`, but `ß` ≠ `SS` |
//!
//! The work on one payload is bounded ([`WORK_MAX`]). If the bound is reached first, the verdict is
//! [`Verdict::TooMuchWork`], and the automation does not run.
//!
//! As in [`Value`], the last of several members with the same name counts, and a lone surrogate is U+FFFD.
//!
//! | file | holds |
//! |---|---|
//! | `read.rs` | reading, with the faults of what is refused |
//! | `write.rs` | the JSON that `read.rs` reads back equal |
//! | `compiled.rs` | [`CompiledConditions`]: paths split, numbers and letters prepared |
//! | `evaluate.rs` | whether they hold |
//! | `work.rs` | the bound on the work of finding out |
//! | `explain.rs` | why each row held or not |
//! | `words.rs` | what people read: a sentence for a row, a line for all |
//! | `fields.rs` | [`fields`]: what an example offers to compare |
//!
//! To add an operator, extend [`Op`], state the values it takes in `read.rs`, decide it in `evaluate.rs`, say
//! it in `words.rs`, and add it to `each_operator_holds_where_its_rule_says` in `tests/conditions.rs` and to
//! the second evaluator in `tests/naive`.

mod compiled;
mod evaluate;
mod explain;
mod fields;
mod read;
mod words;
mod work;
mod write;

pub use compiled::CompiledConditions;
pub use evaluate::{Judgement, Verdict};
pub use explain::{FOUND_BYTES_MAX, RowExplanation};
pub use fields::{FIELDS_MAX, Field, FieldKind, SAMPLE_BYTES_MAX, fields};
pub use read::{ConditionsFault, FAULTS_MAX};
pub use words::SUMMARY_BYTES_MAX;
pub use work::WORK_MAX;

use crate::value::Value;

/// Maximum rows: more than a form can show at once, and a bound on the work for each event.
pub const ROWS_MAX: usize = 50;
/// Maximum nesting of `all`, `any` and `not`; deeper conditions are hard to read.
pub const CONDITIONS_DEPTH_MAX: usize = 4;
/// Maximum bytes of a path: 16 times what a path of a usual payload takes.
pub const PATH_BYTES_MAX: usize = 512;
/// Maximum bytes of one value's JSON: room for any id or short text.
pub const VALUE_BYTES_MAX: usize = 1_024;
/// Maximum values of all rows together, an element of a list counting as one: four for each row, or one long
/// list. It bounds the memory of compiled conditions, and what a page shows.
pub const VALUES_MAX: usize = 200;
/// Maximum bytes of the whole text, so that reading it is cheap.
pub const CONDITIONS_BYTES_MAX: usize = 64 * 1_024;

/// Conditions, as the customer wrote them. They are within the bounds of this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    root: Condition,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Holds if each of these holds; never empty.
    All(Vec<Condition>),
    /// Holds if one of these holds; never empty.
    Any(Vec<Condition>),
    /// Holds if this does not.
    Not(Box<Condition>),
    /// A comparison.
    Row(Row),
}

/// One comparison: field, operator, value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A JSON pointer into `data`, in which `*` is any element of an array.
    pub path: String,
    /// How to compare.
    pub op: Op,
    /// What to compare with: one value, a list for `in` and `not_in`, none for `exists` and `missing`.
    pub values: Vec<Literal>,
    /// Whether strings that differ in case alone are equal.
    pub ignore_case: bool,
}

/// A JSON value, as compact text. Its numbers are spelled as the customer spelled them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(String);

impl Literal {
    /// The value as compact JSON.
    pub fn json(&self) -> &str {
        &self.0
    }

    fn new(value: &Value<'_>) -> Self {
        Self(value.compact())
    }
}

/// The operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module describes them")]
pub enum Op {
    Eq,
    Ne,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
    StartsWith,
    EndsWith,
    Exists,
    Missing,
}

impl Op {
    /// All operators, in the order in which a form lists them.
    pub const ALL: [Self; 13] = [
        Self::Eq,
        Self::Ne,
        Self::In,
        Self::NotIn,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Exists,
        Self::Missing,
    ];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Exists => "exists",
            Self::Missing => "missing",
        }
    }

    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }

    /// Whether a row with this operator may ignore the case of strings.
    pub fn can_ignore_case(self) -> bool {
        !self.takes_no_value() && !matches!(self, Self::Gt | Self::Gte | Self::Lt | Self::Lte)
    }

    fn takes_no_value(self) -> bool {
        matches!(self, Self::Exists | Self::Missing)
    }
}

impl Conditions {
    /// Reads conditions from JSON.
    ///
    /// # Errors
    /// What is wrong, at most [`FAULTS_MAX`] faults, in the order of the text.
    pub fn read(json: &str) -> Result<Self, Vec<ConditionsFault>> {
        read::read(json).map(|root| Self { root })
    }

    /// The tree.
    pub fn root(&self) -> &Condition {
        &self.root
    }

    /// All conditions in one line for people, at most [`SUMMARY_BYTES_MAX`] bytes and then `…`:
    /// "total ≥ 1000 and customer.country is DE". It cannot be read back.
    pub fn summary(&self) -> String {
        words::summary(&self.root)
    }

    /// Prepares the conditions to be evaluated often.
    pub fn compile(&self) -> CompiledConditions {
        CompiledConditions::new(&self.root)
    }
}
