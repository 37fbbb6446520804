//! Numbers in templates.
//!
//! A number of the data, or of the template, is kept as written and printed as written. It compares by its
//! exact decimal value. Calculating is Python's: integers are exact, and everything else is a double.

use std::borrow::Cow;
use std::cmp::Ordering;

use postrider_json::{Decimal, Value};

use super::budget::{Budget, Stop, stop};
use super::tree::Operator;

/// A number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number<'a> {
    /// A number of JSON's grammar, as written.
    Written(&'a str),
    /// The result of a calculation with integers.
    Int(i64),
    /// The result of any other calculation; finite.
    Float(f64),
}

impl<'a> Number<'a> {
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Written(text) => Cow::Borrowed(text),
            Self::Int(int) => Cow::Owned(int.to_string()),
            Self::Float(float) => Cow::Owned(float_text(float)),
        }
    }

    /// Whether the number is written without a fraction and an exponent, as Python's `int` is.
    pub(super) fn is_integer(self) -> bool {
        match self {
            Self::Written(text) => !text.contains(['.', 'e', 'E']),
            Self::Int(_) => true,
            Self::Float(_) => false,
        }
    }

    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Written(text) => {
                let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
                !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
            }
            Self::Int(int) => int == 0,
            Self::Float(float) => float == 0.0,
        }
    }

    /// The integer, if this is one and not too large to calculate with.
    pub(super) fn int(self) -> Option<i64> {
        match self {
            Self::Written(text) => text.parse().ok(),
            Self::Int(int) => Some(int),
            Self::Float(_) => None,
        }
    }

    pub(super) fn float(self, budget: &Budget) -> Result<f64, Stop> {
        let float = match self {
            Self::Written(text) => {
                budget.reading(text.len())?;
                text.parse().unwrap_or(f64::INFINITY)
            }
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        };
        match float.is_finite() {
            true => Ok(float),
            false => stop("the number is too large to calculate with"),
        }
    }

    /// The exact value.
    pub(super) fn decimal(self, budget: &Budget) -> Result<Decimal, Stop> {
        let text = self.text();
        budget.reading(text.len())?;
        Ok(match Value::read(&text) {
            Ok(Value::Number(number)) => number.decimal(),
            // Whatever a number prints is a number of JSON.
            _ => Decimal::ZERO,
        })
    }

    pub(super) fn compare(self, other: Number<'_>, budget: &Budget) -> Result<Ordering, Stop> {
        if let (Some(one), Some(other)) = (self.int(), other.int()) {
            return Ok(one.cmp(&other));
        }
        Ok(self.decimal(budget)?.cmp(&other.decimal(budget)?))
    }

    pub(super) fn negated(self, budget: &Budget) -> Result<Number<'static>, Stop> {
        Number::Int(0).calculate(Operator::Sub, self, budget)
    }

    /// Calculates as Python does.
    pub(super) fn calculate(
        self,
        operator: Operator,
        other: Number<'_>,
        budget: &Budget,
    ) -> Result<Number<'static>, Stop> {
        let divides = matches!(operator, Operator::Div | Operator::FloorDiv | Operator::Rem);
        if divides && other.is_zero() {
            return stop("division by zero");
        }
        if self.is_integer() && other.is_integer() && operator != Operator::Div {
            let result = match (self.int(), other.int()) {
                (Some(one), Some(other)) => calculate_integers(operator, one, other),
                _ => None,
            };
            return result.map_or_else(
                || stop("an integer is too large to calculate with"),
                |int| Ok(Number::Int(int)),
            );
        }
        let (one, other) = (self.float(budget)?, other.float(budget)?);
        let result = match operator {
            Operator::Add => one + other,
            Operator::Sub => one - other,
            Operator::Mul => one * other,
            Operator::Div => one / other,
            Operator::FloorDiv => (one / other).floor(),
            Operator::Rem => {
                let remainder = one % other;
                match remainder != 0.0 && (remainder < 0.0) != (other < 0.0) {
                    true => remainder + other,
                    false => remainder,
                }
            }
        };
        finite(result)
    }
}

/// The number, unless a calculation left the range of doubles.
pub(super) fn finite(float: f64) -> Result<Number<'static>, Stop> {
    match float.is_finite() {
        true => Ok(Number::Float(float)),
        false => stop("the result is too large"),
    }
}

fn calculate_integers(operator: Operator, one: i64, other: i64) -> Option<i64> {
    match operator {
        Operator::Add => one.checked_add(other),
        Operator::Sub => one.checked_sub(other),
        Operator::Mul => one.checked_mul(other),
        Operator::Div => None,
        Operator::FloorDiv => {
            let quotient = one.checked_div(other)?;
            let rounds_up = one % other != 0 && (one < 0) != (other < 0);
            Some(if rounds_up { quotient - 1 } else { quotient })
        }
        Operator::Rem => {
            let remainder = one.checked_rem(other)?;
            let has_other_sign = remainder != 0 && (remainder < 0) != (other < 0);
            Some(if has_other_sign {
                remainder + other
            } else {
                remainder
            })
        }
    }
}

/// The double as Python prints it, which is a number of JSON too.
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
