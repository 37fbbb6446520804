//! The keywords that compare numbers, implemented exactly.
//!
//! The validator compares numbers as 64-bit integers and floats, and rounds the schema's own numbers before
//! it compiles them. The keywords of this file therefore replace its own. They compare decimals, and read
//! their operand from the text of the schema: if rounding changes an operand, [`with_exact_operands`] adds
//! its text to the schema.

use std::collections::HashSet;

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use postrider_json::{DIVISOR_DIGITS_MAX, Decimal, Value};
use serde_json::Map;

use super::budget::{charge, of_decimal, of_division};
use super::excerpt::{excerpt, shortened};
use super::node::{ExactJson, canonical, rounded, rounded_number};

/// The member beside an operand that holds its exact text. No keyword begins with this prefix.
const EXACT: &str = "postrider:exact";

/// The keywords of this file.
const NAMES: [&str; 7] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "const",
    "enum",
];

type Options<'o> = ValidationOptions<'o, std::sync::Arc<dyn jsonschema::Retrieve>, ExactJson>;
type Compiled<'s> = Result<Box<dyn for<'i> Keyword<'i, ExactJson>>, ValidationError<'s>>;

/// The validator with these keywords instead of its own.
pub fn replace(options: Options<'_>) -> Options<'_> {
    NAMES.into_iter().fold(options, |options, name| {
        options.with_keyword(
            name,
            move |parent: &Map<String, serde_json::Value>, operand: &serde_json::Value, _| {
                compile(name, parent, operand)
            },
        )
    })
}

/// The schema in the form that the validator reads, with the exact text of operands that rounding changes.
pub fn with_exact_operands(schema: &Value<'_>) -> serde_json::Value {
    match schema {
        Value::Array(items) => items.iter().map(with_exact_operands).collect(),
        Value::Object(members) => {
            let mut object = Map::new();
            let mut exact = Map::new();
            for (name, value) in members.iter().filter(|(name, _)| *name != EXACT) {
                if NAMES.contains(&name) && !is_exact(value) {
                    exact.insert(name.to_owned(), value.canonical().into());
                }
                object.insert(name.to_owned(), with_exact_operands(value));
            }
            if !exact.is_empty() {
                object.insert(EXACT.to_owned(), exact.into());
            }
            object.into()
        }
        scalar => rounded(scalar),
    }
}

/// Whether rounding keeps every number in the value.
fn is_exact(value: &Value<'_>) -> bool {
    match value {
        Value::Number(number) => {
            let rounded = rounded_number(number).to_string();
            decimal_of(&rounded).is_some_and(|rounded| rounded == number.decimal())
        }
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.iter().all(|(_, value)| is_exact(value)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn decimal_of(text: &str) -> Option<Decimal> {
    match Value::read(text) {
        Ok(Value::Number(number)) => Some(number.decimal()),
        _ => None,
    }
}

fn compile<'s>(
    name: &str,
    parent: &Map<String, serde_json::Value>,
    operand: &serde_json::Value,
) -> Compiled<'s> {
    let exact = parent.get(EXACT).and_then(|exact| exact.get(name)?.as_str());
    let text = exact.map_or_else(|| operand.to_string(), str::to_owned);
    let invalid = || ValidationError::schema(format!("{text} cannot be the value of {name}"));
    if matches!(name, "const" | "enum") {
        let value = Value::read(&text).map_err(|_| invalid())?;
        return Ok(Box::new(OneOf::of(name == "enum", &value, &text)));
    }
    // Draft 4 has `exclusiveMinimum: true` beside `minimum`.
    if operand.is_boolean() {
        return Ok(Box::new(Anything));
    }
    let limit = decimal_of(&text).ok_or_else(invalid)?;
    let is_exclusive = |keyword: &str| parent.get(keyword) == Some(&true.into());
    let rule = match name {
        "minimum" if is_exclusive("exclusiveMinimum") => Rule::Above,
        "maximum" if is_exclusive("exclusiveMaximum") => Rule::Below,
        "minimum" => Rule::AtLeast,
        "maximum" => Rule::AtMost,
        "exclusiveMinimum" => Rule::Above,
        "exclusiveMaximum" => Rule::Below,
        _ if Decimal::ZERO.is_multiple_of(&limit).is_none() => {
            let detail = format!(
                "multipleOf must not be zero, and must have at most {DIVISOR_DIGITS_MAX} significant digits"
            );
            return Err(ValidationError::schema(detail));
        }
        _ => Rule::MultipleOf,
    };
    Ok(Box::new(Limit { rule, limit, text }))
}

/// `const` and `enum`.
struct OneOf {
    /// The canonical texts of the values.
    values: HashSet<String>,
    /// Whether one of them is an array or object, so that an array or object can be equal to it.
    has_container: bool,
    is_enum: bool,
    text: String,
}

impl OneOf {
    fn of(is_enum: bool, operand: &Value<'_>, text: &str) -> Self {
        let values = match operand {
            Value::Array(items) if is_enum => &items[..],
            single => std::slice::from_ref(single),
        };
        Self {
            values: values.iter().map(Value::canonical).collect(),
            has_container: values.iter().any(is_container),
            is_enum,
            text: text.to_owned(),
        }
    }
}

fn is_container(value: &Value<'_>) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

impl<'i> Keyword<'i, ExactJson> for OneOf {
    fn validate(&self, instance: &'i Value<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        let relation = if self.is_enum { "is not one of" } else { "is not" };
        Err(violation(instance, relation, &self.text))
    }

    fn is_valid(&self, instance: &'i Value<'i>) -> bool {
        (self.has_container || !is_container(instance)) && self.values.contains(&canonical(instance))
    }
}

/// A keyword that restricts numbers.
struct Limit {
    rule: Rule,
    limit: Decimal,
    text: String,
}

enum Rule {
    AtLeast,
    AtMost,
    Above,
    Below,
    MultipleOf,
}

impl<'i> Keyword<'i, ExactJson> for Limit {
    fn validate(&self, instance: &'i Value<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        let relation = match self.rule {
            Rule::AtLeast => "is less than the minimum of",
            Rule::AtMost => "is greater than the maximum of",
            Rule::Above => "is less than or equal to the minimum of",
            Rule::Below => "is greater than or equal to the maximum of",
            Rule::MultipleOf => "is not a multiple of",
        };
        Err(violation(instance, relation, &self.text))
    }

    fn is_valid(&self, instance: &'i Value<'i>) -> bool {
        let Value::Number(number) = instance else {
            return true;
        };
        let bytes = number.text.len();
        charge(of_decimal(bytes));
        if matches!(self.rule, Rule::MultipleOf) {
            charge(of_division(bytes));
        }
        let value = number.decimal();
        match self.rule {
            Rule::AtLeast => value >= self.limit,
            Rule::AtMost => value <= self.limit,
            Rule::Above => value > self.limit,
            Rule::Below => value < self.limit,
            Rule::MultipleOf => value.is_multiple_of(&self.limit).unwrap_or(false),
        }
    }
}

/// Draft 4's `exclusiveMinimum` and `exclusiveMaximum`, which only modify `minimum` and `maximum`.
struct Anything;

impl<'i> Keyword<'i, ExactJson> for Anything {
    fn validate(&self, _instance: &'i Value<'i>) -> Result<(), ValidationError<'i>> {
        Ok(())
    }

    fn is_valid(&self, _instance: &'i Value<'i>) -> bool {
        true
    }
}

fn violation(instance: &Value<'_>, relation: &str, operand: &str) -> ValidationError<'static> {
    let value = match instance {
        Value::Number(number) => shortened(number.text).into_owned(),
        other => excerpt(other).to_string(),
    };
    ValidationError::custom(format!("{value} {relation} {}", shortened(operand)))
}
