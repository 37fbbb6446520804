//! JSON that callers send as text: an account's metadata, an event type's example and schema.
//!
//! The API extracts it from a body that already follows these rules; a form passes it as the user typed it.

use postrider_json::{JsonErrorKind, UniqueMembers, inspect};

use super::{Faults, codes};

/// The JSON value in `text`, byte for byte, without the white space around it.
pub(super) fn check_json<'a>(text: &'a str, pointer: &str, faults: &mut Faults) -> Option<&'a str> {
    // `inspect` reports the exact position, in plain words.
    if let Err(error) = inspect(text)
        && error.kind != JsonErrorKind::TooDeep
    {
        faults.add(
            pointer,
            codes::INVALID_VALUE,
            format!("this is not JSON: {error}"),
        );
        return None;
    }
    let Err(error) = serde_json::from_str::<UniqueMembers>(text) else {
        return Some(text.trim_matches([' ', '\t', '\n', '\r']));
    };
    let message = error.to_string();
    if error.is_data() {
        faults.add(
            pointer,
            codes::DUPLICATE_MEMBER,
            format!("a member occurs more than once: {message}"),
        );
    } else if message.starts_with("recursion limit exceeded") {
        faults.add(pointer, codes::TOO_DEEP, "nested more than 127 levels deep");
    } else {
        // For example half of a surrogate pair, or a number beyond all floats.
        faults.add(
            pointer,
            codes::INVALID_VALUE,
            format!("this is not JSON: {message}"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    #[test]
    fn json_is_kept_as_it_was_written() {
        let text = " {\"n\": 1.10,\n \"N\":12345678901234567890123} \n";
        assert!(
            faults_of(|faults| assert_eq!(check_json(text, "/example", faults), Some(text.trim())))
                .is_empty()
        );
    }

    #[test]
    fn text_has_the_limits_of_control_bodies() {
        let deep = "[".repeat(128) + &"]".repeat(128);
        let too_deep = "[".repeat(600) + &"]".repeat(600);
        for (text, code) in [
            ("", "invalid_value"),
            ("{\"a\" 1}", "invalid_value"),
            ("{} {}", "invalid_value"),
            ("\"\\ud800\"", "invalid_value"),
            ("[{\"a\":1,\"a\":2}]", "duplicate_member"),
            (&deep, "too_deep"),
            (&too_deep, "too_deep"),
        ] {
            let found = faults_of(|faults| assert_eq!(check_json(text, "/example", faults), None));
            assert_eq!(found, [("/example".to_owned(), code)], "{text}");
        }
    }
}
