//! The accent colour of the console.

use std::fmt;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// A colour, as red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccentColor([u8; 3]);

/// A text that is not a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour such as `#2f5bea`")]
pub struct AccentColorError;

impl AccentColor {
    /// Red, green and blue.
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }
}

impl FromStr for AccentColor {
    type Err = AccentColorError;

    fn from_str(text: &str) -> Result<Self, AccentColorError> {
        let digits = text.trim().strip_prefix('#').ok_or(AccentColorError)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AccentColorError);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| AccentColorError)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for AccentColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

serde_as_text!(AccentColor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        let color: AccentColor = "#2F5bea".parse().unwrap();
        assert_eq!(
            (color.rgb(), &*color.to_string()),
            ([0x2f, 0x5b, 0xea], "#2f5bea")
        );
        for text in [
            "", "2f5bea", "#2f5be", "#2f5beaa", "#+f5bea", "#fff", "blue", "#ééé",
        ] {
            assert_eq!(text.parse::<AccentColor>(), Err(AccentColorError), "{text}");
        }
    }
}
