//! The check of names.

use postrider_model::NameError;

use super::Faults;

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
}
