//! JSON Schemas, which `data` of an event type has to satisfy.
//!
//! Numbers are compared by their exact value, however large or long. `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`, `const`, `enum`, `uniqueItems` and `type: integer`
//! never see a float.

mod keywords;
mod node;
#[cfg(test)]
mod tests;

use jsonschema::{PatternOptions, Validator};
use postrider_json::{Payload, Value};

use node::ExactJson;

/// Most violations that are reported for one event.
const VIOLATIONS_MAX: usize = 10;

/// Most levels that `data` with a schema may have. The validator recurses; an event without a schema may be
/// deeper.
const LEVELS_MAX: usize = 127;

/// A compiled schema.
pub struct Schema(Validator<ExactJson>);

/// A text that is not a JSON Schema, or refers to another document; the message says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

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
        // The linear-time engine: a pattern must not be able to stall the node. Remote references do not
        // resolve, because the library is built without its HTTP and file features.
        keywords::replace(jsonschema::options_for::<ExactJson>())
            .with_pattern_options(PatternOptions::regex())
            .build(&keywords::with_exact_operands(&schema))
            .map(Self)
            .map_err(|error| SchemaError(error.to_string()))
    }

    /// The violations of the schema in `data`, at most 10; empty if it matches.
    pub fn violations(&self, data: &Payload<'_>) -> Vec<SchemaViolation> {
        let value = data.value();
        if levels(&value) > LEVELS_MAX {
            return vec![SchemaViolation {
                pointer: String::new(),
                detail: format!("nested more than {LEVELS_MAX} levels deep, too deep for a schema"),
            }];
        }
        self.0
            .iter_errors(&value)
            .take(VIOLATIONS_MAX)
            .map(|error| SchemaViolation {
                pointer: error.instance_path().to_string(),
                detail: error.to_string(),
            })
            .collect()
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
