//! The meaning of an event's warning, in plain words.

use postrider_model::Warning;

use crate::view::body::visible;

/// Why the body is sent as posted, in any body style of the action.
pub fn words(warning: &Warning) -> String {
    let what = match warning.code.as_str() {
        "duplicate_name" => "repeats a name",
        "lone_surrogate" => "contains half of a surrogate pair",
        "negative_zero" => "contains a negative zero",
        "number_precision" => "contains a number that JavaScript or Python would round",
        _ => "contains a value that would change when serialised again",
    };
    let location = match warning.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at {}", visible(pointer)),
    };
    format!(
        "The data {what}{location}, so the body is sent exactly as posted. Receivers that verify the raw bytes are not \
         affected. Receivers that serialise the parsed body again may compute another signature."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_names_the_loss_and_its_location() {
        let warning = Warning {
            code: "duplicate_name".to_owned(),
            pointer: "/a\u{1b}".to_owned(),
        };
        assert!(words(&warning).starts_with("The data repeats a name at /a‹ESC›, so"));
    }
}
