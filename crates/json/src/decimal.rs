//! The exact decimal values of JSON numbers, not converted to floats.
//!
//! Comparing, testing for an integer and dividing take time linear in the number of digits written, whatever
//! the exponent: `1e1000000000` is as cheap as `1`.

use std::cmp::Ordering;
use std::fmt;

/// Maximum number of significant digits in a divisor, so that its remainders fit a machine word.
pub const DIVISOR_DIGITS_MAX: usize = 18;

/// Where [`Decimal`] saturates: numbers of 10^17 digits and more are one if their leading digits are. Less
/// than where [`Number`](crate::number::Number) reads exponents, so that what is printed is read as the same.
pub(crate) const POINT_MAX: i64 = 100_000_000_000_000_000;

/// The exact value of a JSON number: 0.DIGITS × 10^point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// ASCII digits without zeros at either end; empty for zero.
    digits: Vec<u8>,
    /// 0 for zero; saturates at [`POINT_MAX`], above and below.
    point: i64,
}

impl Decimal {
    /// The decimal with these digits.
    pub(crate) fn new(digits: Digits<'_>) -> Self {
        Self {
            negative: digits.negative,
            digits: [digits.whole, digits.fraction].concat(),
            point: digits.point,
        }
    }

    /// Zero, which has no sign.
    pub const ZERO: Self = Self {
        negative: false,
        digits: Vec::new(),
        point: 0,
    };

    /// Whether the value has no fraction. As in JSON Schema, `1059.0` and `1e3` are integers.
    pub fn is_integer(&self) -> bool {
        self.digits.len() as i64 <= self.point || self.digits.is_empty()
    }

    /// Whether this is `divisor` times an integer. `None` if the divisor is zero or has more than
    /// [`DIVISOR_DIGITS_MAX`] significant digits.
    pub fn is_multiple_of(&self, divisor: &Self) -> Option<bool> {
        if divisor.digits.is_empty() || divisor.digits.len() > DIVISOR_DIGITS_MAX {
            return None;
        }
        let modulus = u128::from(number_of(&divisor.digits));
        if self.digits.is_empty() {
            return Some(true);
        }
        // As integers, the quotient is DIGITS × 10^shift over the divisor's digits. The last digit is not
        // zero, so DIGITS is not divisible by ten and a negative shift leaves a fraction.
        let lowest = |decimal: &Self| decimal.point - decimal.digits.len() as i64;
        let Ok(shift) = u64::try_from(lowest(self) - lowest(divisor)) else {
            return Some(false);
        };
        let mut remainder = 0;
        for digit in &self.digits {
            remainder = (remainder * 10 + u128::from(digit - b'0')) % modulus;
        }
        Some((remainder * power_of_ten(shift, modulus)).is_multiple_of(modulus))
    }

    fn borrowed(&self) -> Digits<'_> {
        Digits {
            negative: self.negative,
            whole: &self.digits,
            fraction: &[],
            point: self.point,
        }
    }

    /// Compares with a number that is not converted.
    pub(crate) fn compare(&self, other: &Digits<'_>) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude(other),
            (true, true) => self.magnitude(other).reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    fn magnitude(&self, other: &Digits<'_>) -> Ordering {
        match (
            self.digits.is_empty(),
            other.whole.is_empty() && other.fraction.is_empty(),
        ) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Digits after the point compare like text.
            (false, false) => self.point.cmp(&other.point).then_with(|| {
                let (first, second) = self.digits.split_at(other.whole.len().min(self.digits.len()));
                first.cmp(other.whole).then_with(|| second.cmp(other.fraction))
            }),
        }
    }
}

/// The exact value of a number, as slices of its text: 0.WHOLE FRACTION × 10^point, without zeros at either
/// end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    point: i64,
}

impl<'a> Digits<'a> {
    /// From the digits before and after the point, and the exponent.
    pub(crate) fn new(negative: bool, whole: &'a [u8], fraction: &'a [u8], exponent: i64) -> Self {
        let zeros = |digits: &[u8]| digits.iter().take_while(|&&digit| digit == b'0').count();
        let last = |digits: &[u8]| {
            digits
                .iter()
                .rposition(|&digit| digit != b'0')
                .map_or(0, |at| at + 1)
        };
        // Lengths of texts in memory fit an `i64`.
        let mut point = exponent + whole.len() as i64;
        let fraction = &fraction[..last(fraction)];
        let (mut whole, mut fraction) = match fraction {
            [] => (&whole[..last(whole)], fraction),
            _ => (whole, fraction),
        };
        let whole_zeros = zeros(whole);
        whole = &whole[whole_zeros..];
        point -= whole_zeros as i64;
        if whole.is_empty() {
            let fraction_zeros = zeros(fraction);
            fraction = &fraction[fraction_zeros..];
            point -= fraction_zeros as i64;
        }
        let is_zero = whole.is_empty() && fraction.is_empty();
        Self {
            negative: negative && !is_zero,
            whole,
            fraction,
            point: if is_zero {
                0
            } else {
                point.clamp(-POINT_MAX, POINT_MAX)
            },
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(&other.borrowed())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Prints a JSON number, the same text for equal values: the digits, and the exponent if it is not 0.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let digits = std::str::from_utf8(&self.digits).map_err(|_| fmt::Error)?;
        let exponent = self.point - self.digits.len() as i64;
        let sign = if self.negative { "-" } else { "" };
        match exponent {
            0 => write!(f, "{sign}{digits}"),
            _ => write!(f, "{sign}{digits}e{exponent}"),
        }
    }
}

/// The number with these digits, at most [`DIVISOR_DIGITS_MAX`].
fn number_of(digits: &[u8]) -> u64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// 10^`exponent` modulo `modulus`, which is below 10^18.
fn power_of_ten(mut exponent: u64, modulus: u128) -> u128 {
    let (mut power, mut square) = (1 % modulus, 10 % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * square % modulus;
        }
        square = square * square % modulus;
        exponent >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn decimal(text: &str) -> Decimal {
        match Value::read(text).unwrap() {
            Value::Number(number) => number.decimal(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_compare_exactly_in_every_notation() {
        let ascending = [
            "-1e400",
            "-12345678901234567890123",
            "-1.5",
            "-0.1",
            "0",
            "1e-400",
            "0.1",
            "0.1000000000000000055",
            "1",
            "1250.5",
            "8202522731445525541",
            "8202522731445525542",
            "12345678901234567890122",
            "12345678901234567890123",
            "1e400",
        ];
        for pair in ascending.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{pair:?}");
        }
        for (one, other) in [
            ("1250.50", "1250.5"),
            ("1E2", "100"),
            ("-0.0", "0"),
            ("0e9", "0"),
            ("0.001e3", "1"),
            ("12e-1", "1.20"),
        ] {
            assert_eq!(decimal(one), decimal(other), "{one} {other}");
        }
    }

    #[test]
    fn integers_are_recognised_in_every_notation() {
        for text in [
            "0",
            "-0.0",
            "1059.0",
            "1e3",
            "12.5e1",
            "12345678901234567890123",
            "100",
        ] {
            assert!(decimal(text).is_integer(), "{text}");
        }
        for text in ["0.1", "1059.5", "1e-1", "12345678901234567890123.5"] {
            assert!(!decimal(text).is_integer(), "{text}");
        }
    }

    #[test]
    fn multiples_are_found_exactly() {
        let is_multiple = |text, divisor| decimal(text).is_multiple_of(&decimal(divisor));
        for (text, divisor) in [
            ("1250.50", "0.01"),
            ("0.3", "0.1"),
            ("12345678901234567890123", "3"),
            ("8202522731445525542", "2"),
            ("1e400", "0.5"),
            ("1e1000000000", "7e999999999"),
            ("0", "7"),
        ] {
            let expected = text != "1e1000000000";
            assert_eq!(is_multiple(text, divisor), Some(expected), "{text} {divisor}");
        }
        for (text, divisor) in [
            ("1250.505", "0.01"),
            ("12345678901234567890124", "3"),
            ("8202522731445525541", "2"),
            ("5", "10"),
        ] {
            assert_eq!(is_multiple(text, divisor), Some(false), "{text} {divisor}");
        }
        assert_eq!(is_multiple("1", "0"), None);
        assert_eq!(is_multiple("1", "1234567890123456789"), None);
    }

    #[test]
    fn equal_values_have_the_same_text() {
        for (text, printed) in [
            ("1250.50", "12505e-1"),
            ("1e2", "1e2"),
            ("100", "1e2"),
            ("-0.0", "0"),
            ("-7", "-7"),
        ] {
            assert_eq!(decimal(text).to_string(), printed);
            assert_eq!(decimal(printed), decimal(text));
        }
        for text in [
            "976931343150000e4444444444444444444444444308",
            "-12e99999999999999999",
            "0.0012e-99999999999999999999",
            "1e100000000000000000",
            "1e-100000000000000000",
        ] {
            assert_eq!(decimal(&decimal(text).to_string()), decimal(text), "{text}");
        }
    }
}
