//! The names of accounts, automations and API keys: texts that people can read in a list.

use crate::account::NAME_CHARS_MAX;

/// Why a text is not a name. A name has 1 to [`NAME_CHARS_MAX`] characters, at least one of them visible, and
/// no control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No visible character.
    #[error("enter a name")]
    Blank,
    /// Too many characters.
    #[error("a name can have at most {NAME_CHARS_MAX} characters")]
    TooLong,
    /// A character that cannot be shown.
    #[error("a name cannot have control characters")]
    ControlCharacter,
}

impl NameError {
    /// Every rule for names that `text` breaks.
    pub fn all_of(text: &str) -> impl Iterator<Item = Self> {
        let broken = [
            (text.trim().is_empty(), Self::Blank),
            (text.chars().count() > NAME_CHARS_MAX, Self::TooLong),
            (text.chars().any(char::is_control), Self::ControlCharacter),
        ];
        broken
            .into_iter()
            .filter_map(|(is_so, error)| is_so.then_some(error))
    }

    /// The code of the error, stable across versions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "invalid_value",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_name_is_reported() {
        let errors: Vec<_> = NameError::all_of(&"\n".repeat(257)).collect();
        assert_eq!(
            errors,
            [NameError::Blank, NameError::TooLong, NameError::ControlCharacter]
        );
    }
}
