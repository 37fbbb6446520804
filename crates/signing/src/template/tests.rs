//! Tests: `{{ value is name }}`.

use super::budget::{Stop, stop};
use super::number::Number;
use super::render::Render;
use super::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Defined,
    Undefined,
    None,
    Boolean,
    Number,
    Integer,
    String,
    Sequence,
    Mapping,
    Odd,
    Even,
    DivisibleBy,
}

impl Test {
    /// All tests with their names.
    pub(super) const ALL: [(&'static str, Self); 12] = [
        ("defined", Self::Defined),
        ("undefined", Self::Undefined),
        ("none", Self::None),
        ("boolean", Self::Boolean),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("string", Self::String),
        ("sequence", Self::Sequence),
        ("mapping", Self::Mapping),
        ("odd", Self::Odd),
        ("even", Self::Even),
        ("divisibleby", Self::DivisibleBy),
    ];

    /// The test with this name, and whether it takes an argument.
    pub(super) fn find(name: &str) -> Option<(Self, bool)> {
        let (_, test) = Self::ALL.into_iter().find(|(known, _)| *known == name)?;
        Some((test, test == Self::DivisibleBy))
    }

    /// Whether the test holds for a value.
    pub(super) fn holds(
        self,
        render: &Render,
        value: &Value,
        argument: Option<&Value>,
    ) -> Result<bool, Stop> {
        let is_object = |at: usize| render.document.is_object(at);
        Ok(match (self, value) {
            (Self::Defined, value) => !matches!(value, Value::Undefined),
            (Self::Undefined, value) => matches!(value, Value::Undefined),
            (Self::None, value) => matches!(value, Value::Null),
            (Self::Boolean, value) => matches!(value, Value::Bool(_)),
            (Self::Number, value) => matches!(value, Value::Number(_)),
            (Self::Integer, value) => matches!(value, Value::Number(number) if number.is_integer()),
            (Self::String, value) => matches!(value, Value::Text(_) | Value::Json(_)),
            (Self::Mapping, Value::Data(at)) => is_object(*at),
            (Self::Mapping, value) => matches!(value, Value::Map(_)),
            (Self::Sequence, Value::Data(at)) => !is_object(*at),
            (Self::Sequence, value) => matches!(value, Value::List(_)),
            (Self::Odd | Self::Even | Self::DivisibleBy, Value::Number(number)) => {
                let divisor = match argument {
                    None => &Number::Int(2),
                    Some(Value::Number(divisor)) => divisor,
                    Some(_) => return stop("`divisibleby` needs a number"),
                };
                let is_multiple = number.is_multiple_of(divisor, &render.budget)?;
                is_multiple != (self == Self::Odd)
            }
            (Self::Odd | Self::Even | Self::DivisibleBy, _) => false,
        })
    }
}
