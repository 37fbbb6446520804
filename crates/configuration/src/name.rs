//! What the name of an account, an automation or an API key can be: something that people can read in a list.

use postrider_model::account::NAME_CHARS_MAX;

use super::{Faults, codes};

/// Why a text cannot be a name: a name has 1 to [`NAME_CHARS_MAX`] characters, at least one of them visible
/// and no control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing can be seen.
    #[error("a name has at least one visible character")]
    Blank,
    /// Too many characters.
    #[error("a name has at most {NAME_CHARS_MAX} characters")]
    TooLong,
    /// A character that cannot be shown.
    #[error("a name has no control characters")]
    ControlCharacter,
}

impl NameError {
    /// All that keeps `text` from being a name.
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

    /// The kind of fault that it is, stable across versions: one of [`codes`].
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blank => codes::BLANK,
            Self::TooLong => codes::TOO_LONG,
            Self::ControlCharacter => codes::INVALID_VALUE,
        }
    }
}

/// Checks the `name` of a draft.
pub(super) fn check_name(name: &str, faults: &mut Faults) {
    for error in NameError::all_of(name) {
        faults.add("/name", error.code(), error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    #[test]
    fn names_are_visible_and_bounded() {
        assert!(faults_of(|faults| check_name(&"é".repeat(256), faults)).is_empty());
        for (name, code) in [
            ("", "blank"),
            (" \u{a0}", "blank"),
            (&*"x".repeat(257), "too_long"),
            ("a\nb", "invalid_value"),
        ] {
            assert_eq!(
                faults_of(|faults| check_name(name, faults)),
                [("/name".to_owned(), code)],
                "{name}"
            );
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_name_is_told() {
        let errors: Vec<_> = NameError::all_of(&"\n".repeat(257)).collect();
        assert_eq!(
            errors,
            [NameError::Blank, NameError::TooLong, NameError::ControlCharacter]
        );
    }
}
