//! Numbers as programs print them: each prints the shortest digits that mean the same double, and differs in
//! where the decimal point and the exponent go.

use serde_json::Number;

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// ECMAScript's: every number is a double.
    Js,
    /// Go's doubles: like ECMAScript's, with a negative zero.
    Go,
    /// Python's: whole numbers are exact.
    Python,
    /// PHP's: whole numbers have 64 bits.
    Php,
    /// Ruby's: whole numbers are exact.
    Ruby,
}

/// How a double is printed.
struct Rules {
    /// The exponents of ten whose numbers are printed without an exponent.
    plain: std::ops::Range<i32>,
    /// What follows a whole number without an exponent.
    after_whole: &'static str,
    /// What follows a single digit before an exponent.
    after_digit: &'static str,
    /// Fewest digits of an exponent.
    exponent_digits: usize,
}

impl Numbers {
    /// The number as the program prints it.
    pub fn print(self, number: &Number) -> String {
        let exact = match self {
            Self::Python | Self::Ruby => number.is_i64() || number.is_u64(),
            Self::Php => number.is_i64(),
            Self::Js | Self::Go => false,
        };
        match number.as_f64() {
            Some(double) if !exact => self.print_double(double),
            _ => number.to_string(),
        }
    }

    fn print_double(self, double: f64) -> String {
        if double == 0.0 && self == Self::Js {
            return "0".to_owned();
        }
        let rules = self.rules();
        let shortest = format!("{:e}", double.abs());
        let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let digits = mantissa.replace('.', "");
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if double.is_sign_negative() { "-" } else { "" };
        if rules.plain.contains(&exponent) {
            return format!("{sign}{}", plain(&digits, exponent, rules.after_whole));
        }
        let (first, rest) = digits.split_at(1);
        let rest = match rest {
            "" => rules.after_digit.to_owned(),
            rest => format!(".{rest}"),
        };
        let direction = if exponent < 0 { '-' } else { '+' };
        let width = rules.exponent_digits;
        format!("{sign}{first}{rest}e{direction}{:0>width$}", exponent.abs())
    }

    /// Measured with Node.js 20, Go 1.19, Python 3.11, PHP 8.2 and Ruby 3.1.
    fn rules(self) -> Rules {
        let (plain, after_whole, after_digit, exponent_digits) = match self {
            Self::Js | Self::Go => (-6..21, "", "", 1),
            Self::Python => (-4..16, ".0", "", 2),
            Self::Php => (-4..17, "", ".0", 1),
            Self::Ruby => (-4..15, ".0", ".0", 2),
        };
        Rules {
            plain,
            after_whole,
            after_digit,
            exponent_digits,
        }
    }
}

/// Digits with the point after the first one, moved by `exponent` places.
fn plain(digits: &str, exponent: i32, after_whole: &str) -> String {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = exponent.unsigned_abs() as usize - 1;
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    if digits.len() <= exponent + 1 {
        let zeros = "0".repeat(exponent + 1 - digits.len());
        return format!("{digits}{zeros}{after_whole}");
    }
    let (whole, fraction) = digits.split_at(exponent + 1);
    format!("{whole}.{fraction}")
}
