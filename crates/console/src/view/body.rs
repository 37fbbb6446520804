//! Bodies of requests and responses, for reading. Their bytes may come from anybody, so the page shows them
//! as text and never renders them.

use postrider_json::inspect;

/// Longest body, in bytes, that also gets a pretty form; beyond it, laying out costs more than it helps.
const PRETTY_BYTES_MAX: usize = 256 * 1024;

/// Longest pretty form, in bytes.
const LAID_OUT_BYTES_MAX: usize = 1024 * 1024;

/// A body as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The body as text: invalid UTF-8 is replaced, and invisible characters are made visible ([`visible`]).
    pub raw: String,
    /// The body laid out, if it is JSON and laying out changes it.
    pub pretty: Option<String>,
    /// Its size in bytes.
    pub bytes: usize,
}

impl Body {
    /// For these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let pretty = (bytes.len() <= PRETTY_BYTES_MAX)
            .then(|| pretty(&text))
            .flatten()
            .filter(|pretty| *pretty != text);
        Self {
            raw: visible(&text),
            pretty: pretty.map(|pretty| visible(&pretty)),
            bytes: bytes.len(),
        }
    }
}

/// Makes characters visible that a browser would drop, or that could hide or reorder other text: control
/// characters and bidirectional marks (Trojan Source, CVE-2021-42574). A CR LF becomes an LF. Unicode's
/// pictures of control characters would be shorter, but few fonts have them.
pub fn visible(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            '\0' => shown.push_str("‹NUL›"),
            '\r' => shown.push_str("‹CR›"),
            '\u{1b}' => shown.push_str("‹ESC›"),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.push_str(&format!("‹U+{:04X}›", u32::from(character)));
            }
            _ if character.is_control() => shown.push_str(&format!("‹U+{:04X}›", u32::from(character))),
            _ => shown.push(character),
        }
    }
    shown
}

/// JSON objects and arrays, laid out; `None` for anything else, or if the result is too long. Only the white
/// space between tokens changes: duplicate names stay, and so do digits that a parser would round.
pub fn pretty(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if !text.starts_with(['{', '[']) || inspect(text).is_err() {
        return None;
    }
    let mut laid_out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut is_escaped, mut was_opened) = (0_usize, false, false, false);
    for character in text.chars() {
        if in_string {
            laid_out.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        if matches!(character, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let closes = matches!(character, '}' | ']');
        depth -= usize::from(closes);
        // An empty array or object stays on its line.
        if was_opened != closes {
            break_line(&mut laid_out, depth);
        }
        was_opened = matches!(character, '{' | '[');
        depth += usize::from(was_opened);
        in_string = character == '"';
        laid_out.push(character);
        match character {
            ',' => break_line(&mut laid_out, depth),
            ':' => laid_out.push(' '),
            _ => {}
        }
        // JSON that is both deep and wide would become mostly white space.
        if laid_out.len() > LAID_OUT_BYTES_MAX {
            return None;
        }
    }
    Some(laid_out)
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_formatted_and_other_bodies_are_unchanged() {
        let body = Body::new(br#"{"b":1,"a":[true]}"#);
        assert_eq!(
            body.pretty.as_deref(),
            Some("{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}")
        );
        assert_eq!(pretty("[ ]"), Some("[]".to_owned()));
        assert_eq!(
            pretty(r#" {"a":1.10,"a":{},"s":"\\\" ,[{:"}"#).as_deref(),
            Some("{\n  \"a\": 1.10,\n  \"a\": {},\n  \"s\": \"\\\\\\\" ,[{:\"\n}")
        );
        assert_eq!(pretty("17"), None);
        let deep_and_wide = format!("{}{}1{}", "[".repeat(400), "1,".repeat(50_000), "]".repeat(400));
        assert_eq!(pretty(&deep_and_wide), None);
        assert_eq!(Body::new(b"<script>").pretty, None);
        assert_eq!(Body::new(b"\xff").raw, "\u{fffd}");
        assert_eq!(Body::new(b"").bytes, 0);
    }

    #[test]
    fn invisible_characters_in_a_body_are_shown() {
        assert_eq!(visible("a\r\n\tb"), "a\n\tb");
        assert_eq!(
            visible("\u{1b}[31mred\0\r\u{7f}"),
            "‹ESC›[31mred‹NUL›‹CR›‹U+007F›"
        );
        assert_eq!(visible("a\u{202e}b\u{9b}"), "a‹U+202E›b‹U+009B›");
        assert_eq!(visible("é 日本"), "é 日本");
    }
}
