//! Prints a JSON value in the style of a program.

use serde_json::Value;

use super::BODY_BYTES_MAX;
use super::number::Numbers;

/// The style of a program that prints JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How the members of an object are ordered.
    pub order: Order,
    /// What stands before each element, and between them.
    pub layout: Layout,
    /// What strings escape, beyond what JSON requires.
    pub escapes: Escapes,
    /// How numbers are printed.
    pub numbers: Numbers,
    /// Whether an empty object became an empty list, as in PHP's arrays.
    pub empty_objects_are_lists: bool,
}

/// How the members of an object are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they were.
    Kept,
    /// Names that are array indices first and ascending, the others as they were: ECMAScript's order.
    IndicesFirst,
    /// By name.
    Sorted,
}

/// White space between the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// None.
    Compact,
    /// A space after each comma and colon, as Python prints.
    Spaced,
    /// A line for each element, indented by this text a level.
    Lines(&'static str),
}

/// What strings escape, beyond quotation marks, backslashes and control characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Escapes {
    /// Everything beyond ASCII.
    pub beyond_ascii: bool,
    /// The control character U+007F.
    pub delete: bool,
    /// `/`.
    pub slash: bool,
    /// `<`, `>` and `&`.
    pub html: bool,
    /// U+2028 and U+2029.
    pub line_separators: bool,
}

/// Most bytes that are printed of a value. Indenting a deep value may multiply its size; one that a receiver
/// prints has about the size of the body.
const PRINTED_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// An ECMAScript array index is less than this.
const INDEX_END: u32 = u32::MAX;

impl Style {
    /// The value in this style; `None` if it is longer than [`PRINTED_BYTES_MAX`].
    pub fn print(&self, value: &Value) -> Option<Vec<u8>> {
        let mut out = String::new();
        self.value(value, 0, &mut out);
        (out.len() <= PRINTED_BYTES_MAX).then(|| out.into_bytes())
    }

    // Recursion is bounded: `serde_json` reads values at most 128 levels deep.
    fn value(&self, value: &Value, depth: usize, out: &mut String) {
        if out.len() > PRINTED_BYTES_MAX {
            return;
        }
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => out.push_str(&self.numbers.print(number)),
            Value::String(text) => self.string(text, out),
            Value::Object(members) if members.is_empty() => {
                out.push_str(if self.empty_objects_are_lists { "[]" } else { "{}" });
            }
            Value::Array(elements) if elements.is_empty() => out.push_str("[]"),
            Value::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.before(index, depth + 1, out);
                    self.value(element, depth + 1, out);
                }
                self.line_break(depth, out);
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, (name, member)) in self.ordered(members).into_iter().enumerate() {
                    self.before(index, depth + 1, out);
                    self.string(name, out);
                    out.push_str(if self.layout == Layout::Compact { ":" } else { ": " });
                    self.value(member, depth + 1, out);
                }
                self.line_break(depth, out);
                out.push('}');
            }
        }
    }

    fn ordered<'v>(&self, members: &'v serde_json::Map<String, Value>) -> Vec<(&'v String, &'v Value)> {
        let mut members: Vec<_> = members.iter().collect();
        match self.order {
            Order::Kept => {}
            Order::IndicesFirst => members.sort_by_key(|(name, _)| index(name).unwrap_or(INDEX_END)),
            Order::Sorted => members.sort_by_key(|(name, _)| *name),
        }
        members
    }

    fn before(&self, index: usize, depth: usize, out: &mut String) {
        if out.len() > PRINTED_BYTES_MAX {
            return;
        }
        if index > 0 {
            out.push_str(if self.layout == Layout::Spaced { ", " } else { "," });
        }
        self.line_break(depth, out);
    }

    fn line_break(&self, depth: usize, out: &mut String) {
        if let Layout::Lines(indent) = self.layout {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(indent));
        }
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if self.escapes.slash => out.push_str("\\/"),
                other if self.is_escaped(other) => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                other => out.push(other),
            }
        }
        out.push('"');
    }

    fn is_escaped(&self, character: char) -> bool {
        match character {
            '\0'..' ' => true,
            '<' | '>' | '&' => self.escapes.html,
            '\u{7f}' => self.escapes.delete,
            '\u{2028}' | '\u{2029}' => self.escapes.line_separators || self.escapes.beyond_ascii,
            other => self.escapes.beyond_ascii && !other.is_ascii(),
        }
    }
}

/// The array index that a name is.
fn index(name: &str) -> Option<u32> {
    let index: u32 = name.parse().ok()?;
    (index < INDEX_END && index.to_string() == name).then_some(index)
}
