//! JSON Schemas, which `data` of an event type has to satisfy.
//!
//! Numbers are compared by their exact value, however large or long. `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`, `const`, `enum`, `uniqueItems` and `type: integer`
//! never see a float.
//!
//! A check is bounded work, whatever the schema and the data: [`cost`] refuses schemas that apply too many
//! schemas at one place of the data, and [`budget`] counts the validator's looks at the data. See
//! docs/decisions, 26.

mod budget;
mod cost;
mod excerpt;
mod keywords;
mod node;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use jsonschema::{PatternOptions, ValidationError, Validator};
use postrider_json::pointer::nearest_parent;
use postrider_json::{Payload, Value};

use budget::{Budget, Exceeded};
use excerpt::{DETAIL_CHARS_MAX, cut};
use node::ExactJson;

/// Most violations that are reported for one event.
const VIOLATIONS_MAX: usize = 10;

/// Most levels that `data` with a schema may have. The validator recurses; an event without a schema may be
/// deeper.
const LEVELS_MAX: usize = 127;

/// Maximum characters of the reason why a schema is refused.
const ERROR_CHARS_MAX: usize = 500;

/// How much a check may take.
#[derive(Clone, Copy)]
struct Effort {
    steps: u64,
    error_bytes: usize,
    time: Option<Duration>,
}

impl Effort {
    /// The budget for data whose longest path has this many bytes.
    fn budget(self, path_bytes: usize, deadline: Option<Instant>) -> Budget {
        let errors = self.error_bytes / (BYTES_PER_ERROR + path_bytes);
        Budget {
            steps: self.steps,
            errors: u32::try_from(errors).unwrap_or(u32::MAX),
            deadline,
        }
    }
}

/// The effort of [`Schema::violations_at_once`]. A step takes 10 to 30 ns, so that this is well below the
/// time that a thread of the runtime may be busy for. Usual events need some hundred steps.
const AT_ONCE: Effort = Effort {
    steps: 10_000,
    error_bytes: 256 * 1024,
    time: None,
};

/// Maximum bytes of data to check at once. More would take most of the steps.
const AT_ONCE_BYTES_MAX: usize = 16 * 1024;

/// The steps of [`Schema::violations`], plus [`STEPS_PER_BYTE`]. About 20 ms.
const STEPS_MAX: u64 = 1_000_000;

/// Steps for each byte of data. A number of two bytes in an array that has to match one of ten schemas takes
/// about 60.
const STEPS_PER_BYTE: u64 = 50;

/// What the errors of a check may take in memory, of which [`VIOLATIONS_MAX`] are reported.
const ERROR_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What an error takes besides its path in the data.
const BYTES_PER_ERROR: usize = 1024;

/// Maximum bytes of the pointer of a violation.
const POINTER_BYTES_MAX: usize = 1024;

/// How long a check may take, with the search for its violations.
const TIME_MAX: Duration = Duration::from_secs(5);

/// The violation of data whose check exceeds its budget.
const TOO_COSTLY: &str = "cannot be checked, because the schema takes too many steps for this data";

/// The violation of data that does not match, if the violations exceed the budget.
const TOO_MANY: &str = "does not match the schema, in too many ways to list them";

/// A compiled schema.
pub struct Schema(Validator<ExactJson>);

/// A text that is not a JSON Schema, or refers to another document; the message says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

impl SchemaError {
    /// The process ended before the schema was compiled.
    pub(crate) fn not_compiled() -> Self {
        Self("the server is shutting down".to_owned())
    }
}

/// A violation: where `data` does not match its type's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaViolation {
    /// RFC 6901 pointer into `data`.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

impl Schema {
    /// Compiles a schema.
    pub fn compile(text: &str) -> Result<Self, SchemaError> {
        let schema = Value::read(text).map_err(|error| SchemaError(error.to_string()))?;
        if levels(&schema) > LEVELS_MAX {
            return Err(SchemaError(format!("nested more than {LEVELS_MAX} levels deep")));
        }
        let schema = keywords::with_exact_operands(&schema);
        cost::check(&schema)?;
        // The linear-time engine: a pattern must not be able to stall the node. Remote references do not
        // resolve, because the library is built without its HTTP and file features.
        keywords::replace(jsonschema::options_for::<ExactJson>())
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map(Self)
            .map_err(|error| SchemaError(cut(&error.to_string(), ERROR_CHARS_MAX).into_owned()))
    }

    /// The violations of the schema in `data`, at most 10; empty if it matches. Takes some hundred
    /// microseconds at most. Returns `None` if that is not enough to tell: call [`Self::violations`] then, in
    /// a thread that may block.
    pub fn violations_at_once(&self, data: &Payload<'_>) -> Option<Vec<SchemaViolation>> {
        if data.text().len() > AT_ONCE_BYTES_MAX {
            return None;
        }
        self.violations_within(AT_ONCE, data).ok()
    }

    /// The violations of the schema in `data`, at most 10; empty if it matches. A check that would take too
    /// long ends with a violation that says so. May take seconds for megabytes of data.
    pub fn violations(&self, data: &Payload<'_>) -> Vec<SchemaViolation> {
        let for_data = STEPS_PER_BYTE.saturating_mul(data.text().len() as u64);
        let effort = Effort {
            steps: STEPS_MAX.saturating_add(for_data),
            error_bytes: ERROR_BYTES_MAX,
            time: Some(TIME_MAX),
        };
        let too_costly = |Exceeded| vec![SchemaViolation::whole(TOO_COSTLY)];
        self.violations_within(effort, data).unwrap_or_else(too_costly)
    }

    fn violations_within(
        &self,
        effort: Effort,
        data: &Payload<'_>,
    ) -> Result<Vec<SchemaViolation>, Exceeded> {
        let value = data.value();
        if levels(&value) > LEVELS_MAX {
            let detail = format!("nested more than {LEVELS_MAX} levels deep, too deep for a schema");
            return Ok(vec![SchemaViolation::whole(detail)]);
        }
        let deadline = effort.time.map(|time| Instant::now() + time);
        // To collect violations costs more than to find out that there are none.
        if budget::within(effort.budget(0, deadline), || self.0.is_valid(&value))? {
            return Ok(Vec::new());
        }
        let budget = effort.budget(longest_path(&value), deadline);
        let all = || {
            self.0
                .iter_errors(&value)
                .take(VIOLATIONS_MAX)
                .map(SchemaViolation::of)
                .collect()
        };
        let first = || {
            self.0
                .validate(&value)
                .err()
                .map(SchemaViolation::of)
                .into_iter()
                .collect()
        };
        let found: Vec<SchemaViolation> = match budget::within(budget, all) {
            Ok(found) => found,
            Err(Exceeded) if effort.time.is_none() => return Err(Exceeded),
            Err(Exceeded) => budget::within(budget, first).unwrap_or_default(),
        };
        if found.is_empty() {
            return Ok(vec![SchemaViolation::whole(TOO_MANY)]);
        }
        Ok(found)
    }
}

impl SchemaViolation {
    /// A violation of `data` as a whole.
    fn whole(detail: impl Into<String>) -> Self {
        Self {
            pointer: String::new(),
            detail: detail.into(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it maps an iterator")]
    fn of(error: ValidationError<'_>) -> Self {
        Self {
            pointer: nearest_parent(error.instance_path().to_string(), POINTER_BYTES_MAX),
            detail: cut(&error.to_string(), DETAIL_CHARS_MAX).into_owned(),
        }
    }
}

/// How deeply arrays and objects are nested.
fn levels(value: &Value<'_>) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.iter().map(|(_, value)| levels(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// The bytes of the longest path to a value, of which each error keeps a copy.
fn longest_path(value: &Value<'_>) -> usize {
    match value {
        // No array has more items than an index of ten digits can count.
        Value::Array(items) => 10 + items.iter().map(longest_path).max().unwrap_or(0),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| 1 + name.len() + longest_path(value))
            .max()
            .unwrap_or(0),
        _ => 0,
    }
}
