//! Numbers in filters and tests.
//!
//! An integer is exact up to 128 bits. Any other number is a double, as in Python, which remembers how the
//! event spells it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use postrider_json::{Decimal, Value};

use super::budget::{Budget, Stop, stop};

const TOO_LARGE: &str = "the result is too large";

/// A number.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Int(i128),
    /// The result of a calculation.
    Float(f64),
    /// Any other number of JSON's grammar, as written.
    Written(Arc<str>),
}

impl Number {
    /// Reads a number of JSON's grammar.
    pub(super) fn read(text: &str, budget: &Budget) -> Result<Self, Stop> {
        match text.parse() {
            // A zero of an integer has no sign.
            Ok(int) if text != "-0" => Ok(Self::Int(int)),
            _ => {
                budget.reading(text.len())?;
                budget.bytes(text.len() + size_of::<Self>())?;
                Ok(Self::Written(text.into()))
            }
        }
    }

    /// The number in JSON's grammar. The result of a calculation that left the range of doubles has none:
    /// `minijinja` calculates on with infinity.
    pub(super) fn text(&self) -> Result<Cow<'_, str>, Stop> {
        Ok(match self {
            Self::Int(int) => Cow::Owned(int.to_string()),
            Self::Float(float) if !float.is_finite() => return stop(TOO_LARGE),
            Self::Float(float) => Cow::Owned(float_text(*float)),
            Self::Written(text) => Cow::Borrowed(text),
        })
    }

    /// Whether the number is written without a fraction and an exponent, as Python's `int` is.
    pub(super) fn is_integer(&self) -> bool {
        match self {
            Self::Int(_) => true,
            Self::Float(_) => false,
            Self::Written(text) => !text.contains(['.', 'e', 'E']),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Int(int) => *int == 0,
            Self::Float(float) => *float == 0.0,
            Self::Written(text) => {
                let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
                !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
            }
        }
    }

    /// The integer, if this is one of at most 128 bits.
    pub(super) fn int(&self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    pub(super) fn float(&self, budget: &Budget) -> Result<f64, Stop> {
        let float = match self {
            Self::Int(int) => *int as f64,
            Self::Float(float) => *float,
            Self::Written(text) => {
                budget.reading(text.len())?;
                text.parse().unwrap_or(f64::INFINITY)
            }
        };
        match float.is_finite() {
            true => Ok(float),
            false => stop("the number is too large to calculate with"),
        }
    }

    /// The exact value.
    pub(super) fn decimal(&self, budget: &Budget) -> Result<Decimal, Stop> {
        let text = self.text()?;
        budget.reading(text.len())?;
        match Value::read(&text) {
            Ok(Value::Number(number)) => Ok(number.decimal()),
            // The text is in JSON's grammar, so this does not happen.
            _ => stop("the number cannot be read"),
        }
    }

    pub(super) fn compare(&self, other: &Self, budget: &Budget) -> Result<Ordering, Stop> {
        if let (Some(one), Some(other)) = (self.int(), other.int()) {
            return Ok(one.cmp(&other));
        }
        Ok(self.decimal(budget)?.cmp(&other.decimal(budget)?))
    }

    /// The sum, as Python calculates it.
    pub(super) fn plus(&self, other: &Self, budget: &Budget) -> Result<Self, Stop> {
        if let (Some(one), Some(other)) = (self.int(), other.int()) {
            return match one.checked_add(other) {
                Some(sum) => Ok(Self::Int(sum)),
                None => stop("an integer is too large to calculate with"),
            };
        }
        finite(self.float(budget)? + other.float(budget)?)
    }

    /// Whether the number is a multiple of `divisor`.
    pub(super) fn is_multiple_of(&self, divisor: &Self, budget: &Budget) -> Result<bool, Stop> {
        if divisor.is_zero() {
            return stop("division by zero");
        }
        if let (Some(one), Some(divisor)) = (self.int(), divisor.int()) {
            return Ok(one.checked_rem(divisor).unwrap_or(0) == 0);
        }
        Ok(self.float(budget)? % divisor.float(budget)? == 0.0)
    }
}

/// The number, unless a calculation left the range of doubles.
pub(super) fn finite(float: f64) -> Result<Number, Stop> {
    match float.is_finite() {
        true => Ok(Number::Float(float)),
        false => stop(TOO_LARGE),
    }
}

/// The double as Python prints it, which is a number of JSON too if it is finite.
fn float_text(float: f64) -> String {
    let text = format!("{float:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}
