//! A filter by the status code of a response.

use std::fmt;
use std::str::FromStr;

/// Status codes: one, such as `503`, or a class of a hundred, such as `5xx`. Codes range from 100 to 599, as
/// in HTTP (RFC 9110, section 15) and SMTP (RFC 5321, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusCodes {
    first: u16,
    last: u16,
}

/// A text that is neither a status code nor a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a status code, such as 503, or a class, such as 5xx")]
pub struct InvalidStatusCodes;

impl StatusCodes {
    /// The lowest and the highest code.
    pub const fn range(self) -> (u16, u16) {
        (self.first, self.last)
    }

    /// Whether a response with this code matches.
    pub const fn contains(self, code: u16) -> bool {
        self.first <= code && code <= self.last
    }
}

impl FromStr for StatusCodes {
    type Err = InvalidStatusCodes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        let [class, rest @ ..] = text.as_bytes() else {
            return Err(InvalidStatusCodes);
        };
        let hundreds = digit(*class)
            .filter(|class| (1..=5).contains(class))
            .ok_or(InvalidStatusCodes)?
            * 100;
        let (first, last) = match rest {
            b"xx" => (hundreds, hundreds + 99),
            [tens, ones] => {
                let tens = digit(*tens).ok_or(InvalidStatusCodes)?;
                let code = hundreds + 10 * tens + digit(*ones).ok_or(InvalidStatusCodes)?;
                (code, code)
            }
            _ => return Err(InvalidStatusCodes),
        };
        Ok(Self { first, last })
    }
}

impl fmt::Display for StatusCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}xx", self.first / 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_matches_itself_and_a_class_its_hundred() {
        let code: StatusCodes = "503".parse().unwrap();
        assert!(code.contains(503) && !code.contains(502) && !code.contains(504));
        let class: StatusCodes = "5xx".parse().unwrap();
        assert!(class.contains(500) && class.contains(599) && !class.contains(499));
        assert_eq!(
            (code.to_string(), class.to_string()),
            ("503".into(), "5xx".into())
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "", "5", "50", "5x", "6xx", "0xx", "600", "099", "5XX", "5x3", "5034", "٥٠٣", " 503",
        ] {
            assert_eq!(text.parse::<StatusCodes>(), Err(InvalidStatusCodes), "{text:?}");
        }
    }
}
