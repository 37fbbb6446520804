//! Numbers: their grammar, whether an IEEE double holds their exact value, and how each style prints them.
//!
//! A JSON number is a decimal, and receivers read it as a double. A number is lossless exactly if ECMAScript
//! prints its double (as the shortest decimal that reads back as the same double) with the decimal value that
//! the producer wrote. The shortest form has at most 17 digits. So one pass first normalises a number to
//! *digits × 10^exponent*, without zeros at either end; if more than 17 digits remain, the number is lossy.
//! The cost is linear in the number's length, and exponents of any length are fine.
//!
//! The digits of a lossless number *are* the shortest digits, so Python's `repr` is built from them.

use crate::LossReason;
use crate::decimal::{Decimal, Digits, POINT_MAX};
use crate::scan::Spelling;

/// Maximum digits in the shortest form of a double.
const DOUBLE_DIGITS_MAX: u32 = 17;

/// Every decimal of at most this many digits, in the range of normal doubles, survives conversion to a double
/// and back (`DBL_DIG` of C).
const SAFE_DIGITS_MAX: usize = 15;

/// No double is as large as 10^EXPONENT_MAX, and only zero is as small as its inverse.
const EXPONENT_MAX: i64 = 400;

/// A number, as the text spells it.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    /// The text of the number.
    pub text: &'a str,
    /// Bytes before the number.
    pub offset: usize,
    /// Bytes of the sign and the whole part.
    whole: usize,
    /// Bytes before the exponent's `e`.
    mantissa: usize,
}

/// Offsets, in the scanned bytes, at which the parts of a number end.
pub(crate) struct Parts {
    whole: usize,
    mantissa: usize,
    pub end: usize,
}

/// Finds the number that starts at `start`, by the grammar of RFC 8259, section 6. The error is the offset at
/// which a digit is missing.
#[inline]
pub(crate) fn lex(bytes: &[u8], start: usize) -> Result<Parts, usize> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let whole = match bytes.get(first) {
        Some(b'0') => first + 1,
        _ => digits(bytes, first)?,
    };
    let mantissa = match bytes.get(whole) {
        Some(b'.') => digits(bytes, whole + 1)?,
        _ => whole,
    };
    let end = match bytes.get(mantissa) {
        Some(b'e' | b'E') => {
            let signed = matches!(bytes.get(mantissa + 1), Some(b'+' | b'-'));
            digits(bytes, mantissa + 1 + usize::from(signed))?
        }
        _ => mantissa,
    };
    Ok(Parts { whole, mantissa, end })
}

/// Returns the end of the digits at `start`. There must be at least one; otherwise the error is `start`.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start { Err(start) } else { Ok(at) }
}

/// What inspection needs to know about a number.
pub(crate) struct Appraisal {
    pub loss: Option<LossReason>,
    pub spelling: Spelling,
}

impl Appraisal {
    fn lost(reason: LossReason) -> Self {
        Self {
            loss: Some(reason),
            spelling: Spelling::NEITHER,
        }
    }

    fn kept(js: bool, python: bool) -> Self {
        Self {
            loss: None,
            spelling: Spelling { js, python },
        }
    }
}

impl<'a> Number<'a> {
    /// The number `text`, found at `offset` with these `parts`.
    #[inline]
    pub(crate) fn new(text: &'a str, offset: usize, parts: &Parts) -> Self {
        Self {
            text,
            offset,
            whole: parts.whole - offset,
            mantissa: parts.mantissa - offset,
        }
    }

    /// The number whose text this is.
    pub(crate) fn of(text: &'a str) -> Self {
        // The scanner has accepted this text, so it lexes.
        let parts = lex(text.as_bytes(), 0).unwrap_or(Parts {
            whole: 0,
            mantissa: 0,
            end: 0,
        });
        Self::new(text, 0, &parts)
    }

    /// Whether the number has neither a fraction nor an exponent, so that Python reads it as an `int`.
    pub fn is_written_as_integer(&self) -> bool {
        self.whole == self.text.len()
    }

    /// Determines whether re-serialising keeps the number's value, and its text.
    #[inline]
    pub(crate) fn appraise(&self) -> Appraisal {
        let digits_max = self.text.len() - usize::from(self.is_negative());
        if self.is_written_as_integer() && digits_max <= SAFE_DIGITS_MAX {
            match self.text {
                "-0" => Appraisal::lost(LossReason::NegativeZero),
                _ => Appraisal::kept(true, true),
            }
        } else if self.mantissa == self.text.len() && digits_max <= SAFE_DIGITS_MAX {
            self.appraise_short_fraction()
        } else {
            self.appraise_any()
        }
    }

    /// Appraises a number with a fraction, without an exponent, and with few digits.
    fn appraise_short_fraction(&self) -> Appraisal {
        let is_zero = !self.text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if is_zero && self.is_negative() {
            return Appraisal::lost(LossReason::NegativeZero);
        }
        Appraisal {
            loss: None,
            spelling: self.fraction_spelling(is_zero),
        }
    }

    /// The spelling of a lossless number with a fraction and without an exponent.
    fn fraction_spelling(&self, is_zero: bool) -> Spelling {
        let (whole, fraction) = (&self.text[..self.whole], &self.text[self.whole + 1..]);
        let below_one = matches!(whole, "0" | "-0");
        let zeros = fraction.bytes().take_while(|&digit| digit == b'0').count();
        let ends_in_zero = fraction.ends_with('0');
        // ECMAScript uses exponents below 1e-6 and from 1e21. From 1e21, a lossless number's fraction is zero
        // anyway.
        let js = !ends_in_zero && (!below_one || zeros <= 5);
        // Python prints at least one decimal, and uses exponents below 1e-4 and from 1e16.
        let python_range = if below_one {
            is_zero || zeros <= 3
        } else {
            whole.trim_start_matches('-').len() <= 16
        };
        let python = (!ends_in_zero || fraction.len() == 1) && python_range;
        Spelling { js, python }
    }

    fn appraise_any(&self) -> Appraisal {
        let Some(decimal) = self.shortest() else {
            return Appraisal::lost(LossReason::NumberPrecision);
        };
        if decimal.digits == 0 {
            return match self.is_negative() {
                true => Appraisal::lost(LossReason::NegativeZero),
                false => Appraisal::kept(false, false),
            };
        }
        let mut buffer = ryu_js::Buffer::new();
        let printed = buffer.format(self.to_double(decimal));
        if decimal_of(printed) != Some(decimal) {
            return Appraisal::lost(LossReason::NumberPrecision);
        }
        let python = if self.is_written_as_integer() {
            true
        } else if self.mantissa == self.text.len() {
            self.fraction_spelling(false).python
        } else {
            let mut repr = Vec::with_capacity(32);
            decimal.print_python(&mut repr);
            repr == self.text.as_bytes()
        };
        Appraisal::kept(printed == self.text, python)
    }

    /// Appends the number as `JSON.stringify` prints it, or unchanged if that would alter its value.
    pub fn print_js(&self, out: &mut Vec<u8>) {
        match self.to_respell(|spelling| spelling.js) {
            Some(decimal) => {
                let mut buffer = ryu_js::Buffer::new();
                out.extend_from_slice(buffer.format(self.to_double(decimal)).as_bytes());
            }
            None => out.extend_from_slice(self.text.as_bytes()),
        }
    }

    /// Appends the number as `json.dumps` prints it, or unchanged if that would alter its value.
    pub fn print_python(&self, out: &mut Vec<u8>) {
        match self.to_respell(|spelling| spelling.python) {
            Some(decimal) => decimal.print_python(out),
            None => out.extend_from_slice(self.text.as_bytes()),
        }
    }

    /// The number's normal form, if its text is not what the style prints and nothing would be lost.
    fn to_respell(self, is_spelled_so: fn(Spelling) -> bool) -> Option<Shortest> {
        let appraisal = self.appraise();
        match appraisal.loss.is_some() || is_spelled_so(appraisal.spelling) {
            true => None,
            false => self.shortest(),
        }
    }

    /// The double nearest to the number, whose normal form is `decimal`.
    ///
    /// A long number is parsed from its normal form, because the standard library's parser saturates
    /// exponents at six digits. That is wrong for a number with as many leading zeros.
    fn to_double(self, decimal: Shortest) -> f64 {
        const SHORT_BYTES: usize = 64;
        let parsed = match self.text.len() {
            ..=SHORT_BYTES => self.text.parse(),
            _ => decimal.to_text().parse(),
        };
        // The standard library parses every number of RFC 8259. NaN would count as a loss.
        parsed.unwrap_or(f64::NAN)
    }

    fn is_negative(&self) -> bool {
        self.text.starts_with('-')
    }

    /// The number's normal form; `None` if no double has its value.
    fn shortest(&self) -> Option<Shortest> {
        let mut digits: u64 = 0;
        let (mut digits_count, mut zeros) = (0, 0);
        for byte in self.text[..self.mantissa].bytes() {
            match byte {
                b'0' if digits > 0 => zeros += 1,
                b'1'..=b'9' => {
                    digits_count += zeros + 1;
                    if digits_count > i64::from(DOUBLE_DIGITS_MAX) {
                        return None;
                    }
                    while zeros > 0 {
                        digits *= 10;
                        zeros -= 1;
                    }
                    digits = digits * 10 + u64::from(byte - b'0');
                }
                // The sign, the point and leading zeros.
                _ => {}
            }
        }
        // The sum cannot overflow: no text is long enough, and `exponent` saturates at 2 × 10^17.
        let fraction_len = (self.mantissa - self.whole).saturating_sub(1);
        let exponent = self.exponent() - i64::try_from(fraction_len).ok()? + zeros;
        let exponent = if digits == 0 { 0 } else { exponent };
        (exponent.abs() <= EXPONENT_MAX).then_some(Shortest {
            negative: self.is_negative(),
            digits,
            exponent,
        })
    }

    /// The number's exact value.
    pub fn decimal(&self) -> Decimal {
        Decimal::new(self.digits())
    }

    /// The number's exact value, borrowed.
    pub(crate) fn digits(&self) -> Digits<'a> {
        let bytes = self.text.as_bytes();
        let whole = &bytes[usize::from(self.is_negative())..self.whole];
        let fraction = bytes[self.whole..self.mantissa].split_first();
        let fraction = fraction.map_or(&[][..], |(_point, digits)| digits);
        Digits::new(self.is_negative(), whole, fraction, self.exponent())
    }

    /// The nearest double, if that is finite.
    pub fn to_f64(&self) -> Option<f64> {
        self.text.parse().ok().filter(|double: &f64| double.is_finite())
    }

    /// The exponent after the `e`, or 0; saturates far beyond the length of any text.
    fn exponent(&self) -> i64 {
        let text = self.text[self.mantissa..].trim_start_matches(['e', 'E', '+']);
        let magnitude = text.trim_start_matches('-');
        let value = magnitude.bytes().fold(0_i64, |value, digit| {
            (value * 10 + i64::from(digit - b'0')).min(EXPONENT_SATURATED)
        });
        if magnitude.len() == text.len() {
            value
        } else {
            -value
        }
    }
}

/// The value at which exponents saturate. Only a fraction of this many digits could compensate for it.
const EXPONENT_SATURATED: i64 = 2 * POINT_MAX;

/// The normal form of a printed number.
fn decimal_of(printed: &str) -> Option<Shortest> {
    let parts = lex(printed.as_bytes(), 0).ok()?;
    (parts.end == printed.len()).then_some(())?;
    Number::new(printed, 0, &parts).shortest()
}

/// `digits` × 10^`exponent`, where `digits` has at most 17 digits and no trailing zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shortest {
    negative: bool,
    digits: u64,
    /// Between -400 and 400; 0 if `digits` is 0.
    exponent: i64,
}

impl Shortest {
    fn to_text(self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.exponent)
    }

    /// Appends Python's `repr` of the float: like C's `%r`, with exponents below 1e-4 and from 1e16.
    fn print_python(self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        if self.digits == 0 {
            out.extend_from_slice(b"0.0");
            return;
        }
        let digits = self.digits.to_string();
        let count = digits.len() as i64;
        // The value is 0.DIGITS × 10^point.
        let point = count + self.exponent;
        let zeros = |count: i64| std::iter::repeat_n(b'0', usize::try_from(count).unwrap_or(0));
        match point {
            -3..=0 => {
                out.extend_from_slice(b"0.");
                out.extend(zeros(-point));
                out.extend_from_slice(digits.as_bytes());
            }
            1..=16 if point >= count => {
                out.extend_from_slice(digits.as_bytes());
                out.extend(zeros(point - count));
                out.extend_from_slice(b".0");
            }
            1..=16 => {
                let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
                out.extend_from_slice(whole.as_bytes());
                out.push(b'.');
                out.extend_from_slice(fraction.as_bytes());
            }
            _ => {
                let (first, others) = digits.split_at(1);
                out.extend_from_slice(first.as_bytes());
                if !others.is_empty() {
                    out.push(b'.');
                    out.extend_from_slice(others.as_bytes());
                }
                let exponent = point - 1;
                let sign = if exponent < 0 { '-' } else { '+' };
                out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
            }
        }
    }
}
