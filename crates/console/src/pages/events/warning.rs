//! What a warning of an event means, in plain words.

use postrider_model::Warning;

use crate::view::body::visible;

/// Why the body goes out as it was reported, whatever the automation asks for.
pub fn words(warning: &Warning) -> String {
    let what = match warning.code.as_str() {
        "duplicate_name" => "a name occurs twice",
        "lone_surrogate" => "there is half of a character (a lone surrogate)",
        "negative_zero" => "there is a negative zero",
        "number_precision" => "there is a number that JavaScript or Python would round",
        _ => "there is something that would get lost when it is written anew",
    };
    let place = match warning.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at {}", visible(pointer)),
    };
    format!(
        "In the data {what}{place}. So that nothing is lost, it is sent exactly as it was reported. A receiver that checks \
         the signature of what it has parsed may not find it right; one that checks the bytes does."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_what_and_where() {
        let warning = Warning {
            code: "duplicate_name".to_owned(),
            pointer: "/a\u{1b}".to_owned(),
        };
        assert!(words(&warning).starts_with("In the data a name occurs twice at /a‹ESC›. So"));
    }
}
