//! Values in the text of a violation, cut to a length that people read. A value can have megabytes, and a
//! check may quote it a thousand times.

use std::borrow::Cow;

use postrider_json::Value;

use super::node::rounded_number;

/// Maximum characters of the text of a violation.
pub(super) const DETAIL_CHARS_MAX: usize = 200;

/// Maximum characters of a value in it.
const VALUE_CHARS_MAX: usize = 80;

/// What replaces the rest.
const REST: &str = "…";

/// The beginning of a text that is too long, otherwise the text.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    cut(text, VALUE_CHARS_MAX)
}

/// The text, with at most `chars_max` characters.
pub(super) fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    // The last character that stays if the text is too long.
    let mut characters = text.char_indices().skip(chars_max - 1);
    match (characters.next(), characters.next()) {
        (Some((end, _)), Some(_)) => Cow::Owned(format!("{}{REST}", &text[..end])),
        _ => Cow::Borrowed(text),
    }
}

/// The value as serde_json holds it, without what goes beyond the limit. Numbers are rounded, which does no
/// harm in a text.
pub(super) fn excerpt(value: &Value<'_>) -> serde_json::Value {
    within(value, &mut { VALUE_CHARS_MAX })
}

/// Copies a value into the room that is left, in characters.
fn within(value: &Value<'_>, room: &mut usize) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) if number.text.len() > VALUE_CHARS_MAX => REST.into(),
        Value::Number(number) => {
            *room = room.saturating_sub(number.text.len());
            serde_json::Value::Number(rounded_number(number))
        }
        Value::String(text) => {
            let text = cut(text, (*room).max(1));
            *room = room.saturating_sub(text.chars().count());
            (&*text).into()
        }
        Value::Array(items) => {
            let mut copied = Vec::new();
            for item in items {
                if *room == 0 {
                    copied.push(REST.into());
                    break;
                }
                *room -= 1;
                copied.push(within(item, room));
            }
            copied.into()
        }
        Value::Object(members) => {
            let mut copied = serde_json::Map::new();
            for (name, value) in members.iter() {
                if *room == 0 {
                    copied.insert(REST.to_owned(), REST.into());
                    break;
                }
                let name = cut(name, *room);
                *room = room.saturating_sub(name.chars().count() + 1);
                copied.insert(name.into_owned(), within(value, room));
            }
            copied.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt_of(text: &str) -> String {
        excerpt(&Value::read(text).unwrap()).to_string()
    }

    #[test]
    fn a_short_value_is_whole() {
        for text in [r#"{"a":[1,2.5,"x"],"b":null}"#, r#""text""#, "true", "[]"] {
            assert_eq!(excerpt_of(text), text);
        }
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äbcd", 3), "äb…");
    }

    #[test]
    fn a_long_value_is_cut_wherever_it_is_long() {
        let long = "é".repeat(100_000);
        let number = "1".repeat(100_000);
        for text in [
            format!("\"{long}\""),
            number.clone(),
            format!("[{number},{number}]"),
            format!("[{}1]", "1,".repeat(100_000)),
            format!("{{\"{long}\":1}}"),
            format!("{{\"a\":\"{long}\",\"b\":\"{long}\"}}"),
            format!("{}1{}", "[".repeat(100), "]".repeat(100)),
        ] {
            let excerpt = excerpt_of(&text);
            let chars = excerpt.chars().count();
            assert!(chars <= 3 * VALUE_CHARS_MAX, "{chars}: {excerpt}");
        }
    }
}
