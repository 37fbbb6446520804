//! Filters of numbers.

use std::borrow::Cow;

use super::super::budget::{Stop, stop};
use super::super::number::{Number, finite};
use super::super::render::Render;
use super::super::value::Value;
use super::{Arguments, Evaluated};

/// Maximum digits after the point: a double has no more than 17 in all.
const DECIMALS_MAX: usize = 15;
/// Maximum exponent of a number that `number` writes out; larger ones stay as written.
const EXPONENT_MAX: i64 = 100;

/// The number that a value is or spells.
fn number_of(render: &Render, value: &Value) -> Result<Option<Number>, Stop> {
    Ok(match value {
        Value::Number(number) => Some(number.clone()),
        Value::Bool(value) => Some(Number::Int(i128::from(*value))),
        Value::Text(text) => {
            let text = text.as_str().trim();
            render.budget.work(text.len())?;
            match text.parse::<i128>() {
                Ok(int) => Some(Number::Int(int)),
                Err(_) => text
                    .parse()
                    .ok()
                    .filter(|float: &f64| float.is_finite())
                    .map(Number::Float),
            }
        }
        _ => None,
    })
}

pub(super) fn abs(render: &Render, input: &Value, _: &Arguments<'_>) -> Evaluated {
    Ok(match input {
        Value::Number(Number::Written(text)) => {
            Value::Number(Number::Written(text.strip_prefix('-').unwrap_or(text).into()))
        }
        Value::Number(Number::Int(int)) => match int.checked_abs() {
            Some(int) => Value::Number(Number::Int(int)),
            None => return stop("the number is too large to calculate with"),
        },
        Value::Number(Number::Float(float)) => Value::Number(Number::Float(float.abs())),
        missing if missing.is_missing() => missing.clone(),
        other => {
            return stop(format!(
                "`abs` needs a number, not {}",
                other.kind(&render.document)
            ));
        }
    })
}

/// The whole part. What spells no number becomes the default.
pub(super) fn int(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let default = || arguments.get(0).cloned().unwrap_or(Value::int(0));
    let Some(number) = number_of(render, input)? else {
        return Ok(default());
    };
    if number.is_integer() {
        return Ok(Value::Number(number));
    }
    let float = number.float(&render.budget)?.trunc();
    // 2^127 is 1.7e38.
    match float.abs() < 1.7e38 {
        true => Ok(Value::Number(Number::Int(float as i128))),
        false => stop("the number is too large to calculate with"),
    }
}

pub(super) fn float(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    match number_of(render, input)? {
        Some(number) => Ok(Value::Number(Number::Float(number.float(&render.budget)?))),
        None => Ok(arguments
            .get(0)
            .cloned()
            .unwrap_or(Value::Number(Number::Float(0.0)))),
    }
}

/// Rounds as Jinja does: an integer stays one; halves of a double are its exact value's.
pub(super) fn round(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let number = match input {
        Value::Number(number) => number.clone(),
        missing if missing.is_missing() => return Ok(missing.clone()),
        other => {
            return stop(format!(
                "`round` needs a number, not {}",
                other.kind(&render.document)
            ));
        }
    };
    let precision = arguments.int(0, 0, DECIMALS_MAX)?;
    let method = arguments.text(1, "common", render)?;
    if method.as_str() == "common" && number.is_integer() {
        return Ok(Value::Number(number));
    }
    let float = number.float(&render.budget)?;
    // At most 10^DECIMALS_MAX.
    let scale = 10_f64.powi(i32::try_from(precision).unwrap_or(0));
    let rounded = match method.as_str() {
        "ceil" => (float * scale).ceil() / scale,
        "floor" => (float * scale).floor() / scale,
        "common" => format!("{float:.precision$}").parse().unwrap_or(float),
        _ => return stop("the method of `round` is \"common\", \"ceil\" or \"floor\""),
    };
    Ok(Value::Number(finite(rounded)?))
}

/// The number with separators, such as `1,250.50`: exact, halves rounded away from zero.
pub(super) fn number(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let number = match input {
        Value::Number(number) => number.clone(),
        missing if missing.is_missing() => return Ok(input.clone()),
        other => {
            return stop(format!(
                "`number` needs a number, not {}",
                other.kind(&render.document)
            ));
        }
    };
    let decimals = match arguments.get(0) {
        None => None,
        Some(_) => Some(arguments.int(0, 0, DECIMALS_MAX)?),
    };
    let (thousands, point) = (arguments.text(1, ",", render)?, arguments.text(2, ".", render)?);
    let text = number.text()?;
    // What is written takes a separator for each three digits at most.
    let digits_max = text.len() + EXPONENT_MAX as usize + DECIMALS_MAX;
    render
        .budget
        .bytes(digits_max * (2 + thousands.as_str().len()) + point.as_str().len())?;
    Ok(Value::owned(separated(
        &text,
        decimals,
        thousands.as_str(),
        point.as_str(),
    )))
}

fn separated(text: &str, decimals: Option<usize>, thousands: &str, point: &str) -> String {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let Some((whole, fraction)) = plain(unsigned) else {
        return text.to_owned();
    };
    let (whole, fraction) = match decimals {
        Some(decimals) => rounded(&whole, &fraction, decimals),
        None => (whole.into_owned(), fraction.into_owned()),
    };
    let is_zero = whole.bytes().chain(fraction.bytes()).all(|digit| digit == b'0');
    let mut out = String::from(if negative && !is_zero { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push_str(thousands);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push_str(point);
        out.push_str(&fraction);
    }
    out
}

/// The digits before and after the point, without an exponent.
fn plain(unsigned: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        None => (unsigned, 0),
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if exponent == 0 {
        return Some((whole.into(), fraction.into()));
    }
    if !(-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent) {
        return None;
    }
    let places = usize::try_from(exponent.unsigned_abs()).ok()?;
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len();
    if exponent > 0 {
        point += places;
        while digits.len() < point {
            digits.push('0');
        }
    } else {
        let missing = (places + 1).saturating_sub(point);
        digits.insert_str(0, &"0".repeat(missing));
        point = point + missing - places;
    }
    let zeros = digits[..point]
        .bytes()
        .take_while(|&digit| digit == b'0')
        .count()
        .min(point - 1);
    Some((
        digits[zeros..point].to_owned().into(),
        digits[point..].to_owned().into(),
    ))
}

fn rounded(whole: &str, fraction: &str, decimals: usize) -> (String, String) {
    let kept = fraction.len().min(decimals);
    let mut digits: Vec<u8> = [whole.as_bytes(), &fraction.as_bytes()[..kept]].concat();
    digits.resize(whole.len() + decimals, b'0');
    let mut carries = fraction
        .as_bytes()
        .get(decimals)
        .is_some_and(|&digit| digit >= b'5');
    for digit in digits.iter_mut().rev() {
        if !carries {
            break;
        }
        carries = *digit == b'9';
        *digit = if carries { b'0' } else { *digit + 1 };
    }
    if carries {
        digits.insert(0, b'1');
    }
    let text: String = digits.into_iter().map(char::from).collect();
    let (whole, fraction) = text.split_at(text.len() - decimals);
    (whole.to_owned(), fraction.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_separated_and_rounded_exactly() {
        for (text, decimals, expected) in [
            ("1250.50", None, "1,250.50"),
            ("1250.5", Some(2), "1,250.50"),
            ("8202522731445525542", None, "8,202,522,731,445,525,542"),
            ("999.995", Some(2), "1,000.00"),
            ("2.675", Some(2), "2.68"),
            ("-0.4", Some(0), "0"),
            ("-1234.5", Some(0), "-1,235"),
            ("1e6", None, "1,000,000"),
            ("1.25e3", Some(1), "1,250.0"),
            ("12.5e-3", None, "0.0125"),
            ("0.5e1", None, "5"),
            ("0e2", None, "0"),
            ("1e400", Some(2), "1e400"),
            ("100", Some(3), "100.000"),
        ] {
            assert_eq!(
                separated(text, decimals, ",", "."),
                expected,
                "{text} {decimals:?}"
            );
        }
    }
}
