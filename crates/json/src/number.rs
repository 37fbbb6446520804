//! Numbers: their grammar, whether an IEEE double holds their exact value, and how each style prints them.
//!
//! A JSON number is a decimal, and receivers read it as a double. Nothing is lost exactly where the decimal
//! that ECMAScript prints for the double (the shortest that reads back as it) is the decimal the producer
//! wrote. That shortest form has at most 17 digits, so a number is first brought to the form *digits ×
//! 10^exponent* without zeros at either end, in one pass; with more than 17 digits left it is lossy without
//! further ado. The cost is linear in its length, and exponents of any length are fine.
//!
//! Since the digits of a lossless number *are* the shortest digits, Python's `repr` is put together from
//! them.

use crate::LossReason;
use crate::decimal::Decimal;
use crate::scan::Spelling;

/// The most digits the shortest form of a double has.
const DOUBLE_DIGITS_MAX: u32 = 17;

/// Every decimal of at most this many digits, in the range of normal doubles, survives the trip through a
/// double (`DBL_DIG` of C).
const SAFE_DIGITS_MAX: usize = 15;

/// No double is as large as 10^EXPONENT_MAX, and none but zero as small as its inverse.
const EXPONENT_MAX: i64 = 400;

/// A number as the text spells it.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    /// The number itself.
    pub text: &'a str,
    /// Bytes before it.
    pub offset: usize,
    /// Bytes of sign and whole part.
    whole: usize,
    /// Bytes up to the exponent's `e`.
    mantissa: usize,
}

/// Where the parts of a number end, in the bytes it was found in.
pub(crate) struct Parts {
    whole: usize,
    mantissa: usize,
    pub end: usize,
}

/// Finds the number that starts at `start`, by the grammar of RFC 8259, section 6. The error is where a digit
/// lacks.
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

/// The end of the digits that start at `start`, of which there must be one.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start { Err(start) } else { Ok(at) }
}

/// What inspection has to know about a number.
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
    /// The number `text`, which was found at `offset` with these `parts`.
    #[inline]
    pub(crate) fn new(text: &'a str, offset: usize, parts: &Parts) -> Self {
        Self {
            text,
            offset,
            whole: parts.whole - offset,
            mantissa: parts.mantissa - offset,
        }
    }

    /// Whether it is written without a fraction and an exponent: what Python reads as an `int`.
    pub fn is_written_as_integer(&self) -> bool {
        self.whole == self.text.len()
    }

    /// Whether re-serialising keeps its value, and its text.
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

    /// For numbers with a fraction, without an exponent, and with few digits.
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

    /// How a number without loss is spelled that has a fraction and no exponent.
    fn fraction_spelling(&self, is_zero: bool) -> Spelling {
        let (whole, fraction) = (&self.text[..self.whole], &self.text[self.whole + 1..]);
        let below_one = matches!(whole, "0" | "-0");
        let zeros = fraction.bytes().take_while(|&digit| digit == b'0').count();
        let ends_in_zero = fraction.ends_with('0');
        // ECMAScript turns to exponents below 1e-6, and from 1e21, where a lossless number's fraction is zero
        // anyway.
        let js = !ends_in_zero && (!below_one || zeros <= 5);
        // Python prints at least one decimal, and turns to exponents below 1e-4 and from 1e16.
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

    /// Appends it as `JSON.stringify` prints it; as it is where that would change its value.
    pub fn print_js(&self, out: &mut Vec<u8>) {
        match self.to_respell(|spelling| spelling.js) {
            Some(decimal) => {
                let mut buffer = ryu_js::Buffer::new();
                out.extend_from_slice(buffer.format(self.to_double(decimal)).as_bytes());
            }
            None => out.extend_from_slice(self.text.as_bytes()),
        }
    }

    /// Appends it as `json.dumps` prints it; as it is where that would change its value.
    pub fn print_python(&self, out: &mut Vec<u8>) {
        match self.to_respell(|spelling| spelling.python) {
            Some(decimal) => decimal.print_python(out),
            None => out.extend_from_slice(self.text.as_bytes()),
        }
    }

    /// Its normal form where its text is not what a style prints, and nothing would be lost.
    fn to_respell(self, is_spelled_so: fn(Spelling) -> bool) -> Option<Shortest> {
        let appraisal = self.appraise();
        match appraisal.loss.is_some() || is_spelled_so(appraisal.spelling) {
            true => None,
            false => self.shortest(),
        }
    }

    /// The double nearest to the number, whose normal form is `decimal`.
    ///
    /// A long number is read from its normal form, as the standard library's parser saturates exponents at
    /// six digits, which is wrong for a number with as many zeros before its first other digit.
    fn to_double(self, decimal: Shortest) -> f64 {
        const SHORT_BYTES: usize = 64;
        let parsed = match self.text.len() {
            ..=SHORT_BYTES => self.text.parse(),
            _ => decimal.to_text().parse(),
        };
        // What RFC 8259 calls a number, the standard library does too. Not a number would count as a loss.
        parsed.unwrap_or(f64::NAN)
    }

    fn is_negative(&self) -> bool {
        self.text.starts_with('-')
    }

    /// Its normal form; `None` where no double has the value.
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
                // The sign, the point, and zeros in front.
                _ => {}
            }
        }
        // No text is so long that the sum could overflow, as `exponent` saturates at 10^17.
        let fraction_len = (self.mantissa - self.whole).saturating_sub(1);
        let exponent = self.exponent() - i64::try_from(fraction_len).ok()? + zeros;
        let exponent = if digits == 0 { 0 } else { exponent };
        (exponent.abs() <= EXPONENT_MAX).then_some(Shortest {
            negative: self.is_negative(),
            digits,
            exponent,
        })
    }

    /// Its exact value.
    pub fn decimal(&self) -> Decimal {
        let fraction = self.text[self.whole..self.mantissa].trim_start_matches('.');
        let whole = self.text[..self.whole].trim_start_matches('-');
        Decimal::new(self.is_negative(), whole, fraction, self.exponent())
    }

    /// The double nearest to it, where that is finite.
    pub fn to_f64(&self) -> Option<f64> {
        self.text.parse().ok().filter(|double: &f64| double.is_finite())
    }

    /// The number behind its `e`, or 0; saturates far beyond the length of any text.
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

/// Where exponents saturate: the fraction of a number would have to be this long to make up for it.
const EXPONENT_SATURATED: i64 = 100_000_000_000_000_000;

/// The normal form of what a printer printed.
fn decimal_of(printed: &str) -> Option<Shortest> {
    let parts = lex(printed.as_bytes(), 0).ok()?;
    (parts.end == printed.len()).then_some(())?;
    Number::new(printed, 0, &parts).shortest()
}

/// `digits` × 10^`exponent`, where `digits` has at most 17 digits and ends in no zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shortest {
    negative: bool,
    digits: u64,
    /// At most 400 from zero; 0 where `digits` is 0.
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
