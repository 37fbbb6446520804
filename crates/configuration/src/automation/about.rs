//! Checks what an automation is called and described by.

use postrider_model::Automation;
use postrider_model::automation::{DESCRIPTION_CHARS_MAX, uid_is_valid};

use super::AutomationDraft;
use crate::metadata::check_metadata;
use crate::name::check_name;
use crate::{Faults, codes};

/// Checks name, uid and description of the draft, and its metadata, which it returns. Judges the name only
/// where it differs from that of the `current` automation.
pub(super) fn check_about(
    draft: &AutomationDraft,
    current: Option<&Automation>,
    faults: &mut Faults,
) -> String {
    if draft.uid.as_deref().is_some_and(|uid| !uid_is_valid(uid)) {
        faults.add(
            "/uid",
            codes::INVALID_VALUE,
            "a uid must have 1 to 128 of the characters a-z, A-Z, 0-9, `_`, `.`, `:`, `@` and `-`, must not start with `auto_`, and must not be `preview`",
        );
    }
    check_name(&draft.name, current.map(|it| &*it.name), faults);
    check_description(&draft.description, faults);
    check_metadata(draft.metadata.as_deref(), faults)
}

fn check_description(description: &str, faults: &mut Faults) {
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        let detail = format!("a description can have at most {DESCRIPTION_CHARS_MAX} characters");
        faults.add("/description", codes::TOO_LONG, detail);
    }
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if !description.chars().all(is_text) {
        let detail = "a description can have no control characters but line breaks and tabs";
        faults.add("/description", codes::INVALID_VALUE, detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    fn codes(description: &str) -> Vec<(String, &'static str)> {
        faults_of(|faults| check_description(description, faults))
    }

    #[test]
    fn a_description_is_bounded_text_of_any_number_of_lines() {
        assert!(codes("").is_empty());
        assert!(codes(&"é".repeat(4_096)).is_empty());
        assert!(codes("Line one\r\nline two\n\tindented").is_empty());
        let fault = |code| vec![("/description".to_owned(), code)];
        assert_eq!(codes(&"x".repeat(4_097)), fault("too_long"));
        for text in ["a\0", "a\u{7f}", "\u{1b}[31m"] {
            assert_eq!(codes(text), fault("invalid_value"), "{text:?}");
        }
    }
}
