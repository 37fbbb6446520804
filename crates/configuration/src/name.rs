//! The check of names.

use postrider_model::NameError;

use super::Faults;

/// Checks the `name` of a draft. A name that stays as it is stored is not checked again: an edit of something
/// else must not fail because an earlier version accepted the name.
pub(super) fn check_name(name: &str, stored: Option<&str>, faults: &mut Faults) {
    if stored == Some(name) {
        return;
    }
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
        assert!(faults_of(|faults| check_name(&"é".repeat(256), None, faults)).is_empty());
        for (name, code) in [
            ("", "blank"),
            (" \u{a0}", "blank"),
            (&*"x".repeat(257), "too_long"),
            ("a\nb", "invalid_value"),
            ("a\u{202e}b", "invalid_value"),
        ] {
            assert_eq!(
                faults_of(|faults| check_name(name, None, faults)),
                [("/name".to_owned(), code)],
                "{name}"
            );
        }
    }
    #[test]
    fn a_stored_name_may_stay() {
        let check = |name, stored| faults_of(|faults| check_name(name, Some(stored), faults)).len();
        assert_eq!(check("a\u{202e}b", "a\u{202e}b"), 0);
        assert_eq!(check("a\u{202e}b", "ab"), 1);
    }
}
