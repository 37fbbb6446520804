//! The product name that the console shows.

use std::fmt;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// Longest name, in characters: the console shows it on one line, beside the logo.
const CHARS_MAX: usize = 60;

/// The product name: 1 to 60 visible characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductName(String);

/// A text that is not a product name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {CHARS_MAX} visible characters")]
pub struct ProductNameError;

impl ProductName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductName {
    type Err = ProductNameError;

    fn from_str(text: &str) -> Result<Self, ProductNameError> {
        let text = text.trim();
        let fits = (1..=CHARS_MAX).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProductNameError)
        }
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ProductName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_name_is_visible_and_fits_a_line() {
        assert_eq!(
            " Acme Höoks ".parse::<ProductName>().unwrap().as_str(),
            "Acme Höoks"
        );
        assert!("é".repeat(60).parse::<ProductName>().is_ok());
        for text in ["", " \u{a0}", "a\nb", &*"x".repeat(61)] {
            assert_eq!(text.parse::<ProductName>(), Err(ProductNameError), "{text}");
        }
    }
}
