//! How often something may happen within a second.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// The highest rate that is a limit: more than a server handles.
const MAX: u32 = 1_000_000;

/// A rate: 1 to 1,000,000 a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerSecond(NonZeroU32);

/// A text that is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from 1 to {MAX}")]
pub struct PerSecondError;

impl PerSecond {
    /// The number.
    pub const fn get(self) -> NonZeroU32 {
        self.0
    }
}

impl FromStr for PerSecond {
    type Err = PerSecondError;

    fn from_str(text: &str) -> Result<Self, PerSecondError> {
        let number: NonZeroU32 = text.parse().map_err(|_| PerSecondError)?;
        (number.get() <= MAX)
            .then_some(Self(number))
            .ok_or(PerSecondError)
    }
}

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

serde_as_text!(PerSecond);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_whole_number_within_bounds() {
        for text in ["1", "1000000"] {
            assert_eq!(text.parse::<PerSecond>().unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "1.5", "1000001", "100/s"] {
            assert_eq!(text.parse::<PerSecond>(), Err(PerSecondError), "{text}");
        }
    }
}
