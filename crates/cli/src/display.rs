//! Output for people: tables, records, colours. Text from outside is escaped before it reaches the terminal.
//!
//! * [`table`]: lists. [`record`]: one object. [`paint`]: colours. [`screen`]: standard output. [`progress`]:
//!   a bar.

pub mod paint;
pub mod progress;
pub mod record;
pub mod screen;
pub mod table;

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

pub use paint::Paint;
pub use record::Record;
pub use screen::Screen;
pub use table::Table;

/// A number of things in words: `1 secret is`, `2 secrets are`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}

/// The text with its control characters escaped, because names, headers and responses come from outside and a
/// terminal obeys control sequences.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unprintable(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "{}", character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, and those that change the direction of the text around them.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Widest line of running text, in characters.
pub const TEXT_WIDTH: usize = 100;

/// The text in lines of at most `width` columns, `prefix` included, broken between words and at its line
/// feeds.
pub fn wrapped(text: &str, prefix: &str, width: usize) -> String {
    let mut lines = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && (prefix.width() + line.width() + 1 + word.width()) > width {
                lines.push_str(&format!("{prefix}{line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push_str(format!("{prefix}{line}").trim_end());
        lines.push('\n');
    }
    lines
}

/// A JSON value in a cell: strings without quotes, yes or no for booleans, an empty text for null, the rest
/// as JSON.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// A time of the API to the second: `2026-01-31 09:30:00Z`. In UTC, as everywhere in Postrider.
pub fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    match (text.get(..10), text.get(10..11), text.get(11..19)) {
        (Some(date), Some("T"), Some(time)) => format!("{date} {time}Z"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("Zoë 😀"), "Zoë 😀");
        assert_eq!(
            printable("a\u{1b}[31m\r\n\u{202e}b"),
            "a\\u{1b}[31m\\r\\n\\u{202e}b"
        );
    }

    #[test]
    fn running_text_is_broken_between_words() {
        let text = format!("{} {}\nc", "a".repeat(60), "b".repeat(60));
        assert_eq!(
            wrapped(&text, "# ", TEXT_WIDTH),
            format!("# {}\n# {}\n# c\n", "a".repeat(60), "b".repeat(60))
        );
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(
            time(&Value::from("2026-01-31T09:30:00.123Z")),
            "2026-01-31 09:30:00Z"
        );
        assert_eq!(time(&Value::Null), "");
    }
}
