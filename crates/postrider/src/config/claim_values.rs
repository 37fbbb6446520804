//! Values of claims, such as the names of groups, as they are written in settings.

use serde::{Deserializer, Serializer};

use super::text_value;

/// Longest value, in characters. Names of groups in a directory have about 100.
const CHARS_MAX: usize = 256;

/// A text that is not such a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {CHARS_MAX} visible characters")]
pub struct ClaimValueError;

/// Reads one value.
pub fn parse(text: &str) -> Result<String, ClaimValueError> {
    let text = text.trim();
    let fits = (1..=CHARS_MAX).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(ClaimValueError)
    }
}

/// Writes values as a list of strings.
pub fn serialize<S: Serializer>(values: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values)
}

/// Reads values from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let expected = "a list of values, such as [\"platform-team\"]";
    text_value::deserialize_list(expected, parse, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_visible_and_bounded() {
        assert_eq!(parse(" cn=ops,ou=groups "), Ok("cn=ops,ou=groups".to_owned()));
        for text in ["", " ", "a\nb", &*"x".repeat(257)] {
            assert_eq!(parse(text), Err(ClaimValueError), "{text}");
        }
    }
}
