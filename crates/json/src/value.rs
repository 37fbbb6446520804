//! A JSON text as a tree that keeps numbers as written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use crate::error::JsonError;
use crate::number::Number;
use crate::scan::{Container, Visit, scan};
use crate::string::{Text, write_json};

/// Maximum members that are searched one by one. A larger object has an index.
const SEARCHED_MAX: usize = 16;

/// A value of a JSON text. If a name occurs twice in an object, the last one counts. Lone surrogates become
/// U+FFFD.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(Number<'a>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// `[…]`
    Array(Vec<Value<'a>>),
    /// `{…}`
    Object(Members<'a>),
}

impl<'a> Value<'a> {
    /// Reads a text. The tree is at most [`DEPTH_MAX`](crate::DEPTH_MAX) levels deep, so functions over it
    /// can recurse.
    ///
    /// # Errors
    /// Those of [`inspect`](crate::inspect).
    pub fn read(json: &'a str) -> Result<Self, JsonError> {
        let mut builder = Builder {
            open: Vec::new(),
            root: Self::Null,
        };
        scan(json, &mut builder)?;
        Ok(builder.root)
    }

    /// Returns a JSON text that two values share exactly if they are equal. Numbers are compared by their
    /// decimal value, and the order of members does not matter. The text costs about as much as the value
    /// itself.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(true, &mut out);
        out
    }

    /// The value as compact JSON, with its numbers and the order of its members as they were read.
    pub(crate) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(false, &mut out);
        out
    }

    fn write(&self, is_canonical: bool, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) if !is_canonical => out.push_str(number.text),
            Self::Number(number) => {
                // Writing to a string does not fail.
                let _ = write!(out, "{}", number.decimal());
            }
            Self::String(text) => write_json(text, out),
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    item.write(is_canonical, out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let mut listed: Vec<_> = members.iter().collect();
                if is_canonical {
                    listed.sort_unstable_by_key(|(name, _)| *name);
                }
                out.push('{');
                for (at, (name, value)) in listed.into_iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    write_json(name, out);
                    out.push(':');
                    value.write(is_canonical, out);
                }
                out.push('}');
            }
        }
    }
}

/// The members of an object, in the order of the text.
#[derive(Debug, Clone, Default)]
pub struct Members<'a> {
    list: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The position of each member in `list`; empty up to [`SEARCHED_MAX`] members.
    index: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Members<'a> {
    /// The value of the member with this name.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.position(name).map(|at| &self.list[at].1)
    }

    /// All members.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> + Clone {
        self.list.iter().map(|(name, value)| (&**name, value))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.index.is_empty() {
            self.list.iter().position(|(other, _)| other == name)
        } else {
            self.index.get(name).copied()
        }
    }

    fn insert(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if let Some(at) = self.position(&name) {
            self.list[at].1 = value;
            return;
        }
        self.list.push((name, value));
        let first_unindexed = match (self.index.len(), self.list.len()) {
            (0, ..=SEARCHED_MAX) => return,
            (0, _) => 0,
            (_, len) => len - 1,
        };
        for (at, (name, _)) in self.list.iter().enumerate().skip(first_unindexed) {
            self.index.insert(name.clone(), at);
        }
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Members<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: I) -> Self {
        let mut collected = Self::default();
        for (name, value) in members {
            collected.insert(name, value);
        }
        collected
    }
}

/// Builds the tree without recursion.
struct Builder<'a> {
    open: Vec<Open<'a>>,
    root: Value<'a>,
}

struct Open<'a> {
    container: Value<'a>,
    /// The name of the member whose value comes next.
    name: Cow<'a, str>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, value: Value<'a>) {
        match self.open.last_mut() {
            None => self.root = value,
            Some(open) => match &mut open.container {
                Value::Array(items) => items.push(value),
                Value::Object(members) => members.insert(std::mem::take(&mut open.name), value),
                _ => {}
            },
        }
    }
}

impl<'a> Visit<'a> for Builder<'a> {
    fn open(&mut self, container: Container) {
        self.open.push(Open {
            container: match container {
                Container::Array => Value::Array(Vec::new()),
                Container::Object => Value::Object(Members::default()),
            },
            name: Cow::Borrowed(""),
        });
    }

    fn close(&mut self, _container: Container) {
        if let Some(open) = self.open.pop() {
            self.add(open.container);
        }
    }

    fn name(&mut self, name: Text<'a>) {
        if let Some(open) = self.open.last_mut() {
            open.name = name.unescaped();
        }
    }

    fn string(&mut self, string: Text<'a>) {
        self.add(Value::String(string.unescaped()));
    }

    fn number(&mut self, number: Number<'a>) {
        self.add(Value::Number(number));
    }

    fn literal(&mut self, literal: &'static str) {
        self.add(match literal {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Value::read(text).unwrap().canonical()
    }

    #[test]
    fn equal_values_have_one_canonical_text() {
        for (one, other) in [
            (r#"{"b":[1.0,"\u00e9"],"a":{}}"#, r#" {"a" : {}, "b":[1,"é"]}"#),
            ("12345678901234567890123", "12345678901234567890123.0"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            assert_eq!(canonical(one), canonical(other));
        }
        for (one, other) in [
            ("12345678901234567890123", "12345678901234567890124"),
            ("1", "\"1\""),
            ("[1,[2]]", "[[1],2]"),
            ("{}", "[]"),
            ("null", "false"),
            (r#""\"""#, r#""\\\"""#),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }

    #[test]
    fn members_are_found_in_small_and_large_objects() {
        for count in [1, SEARCHED_MAX, SEARCHED_MAX + 1, 1_000] {
            let members: Vec<_> = (0..count).map(|at| format!("\"m{at}\":{at}")).collect();
            let text = format!("{{{},\"m0\":\"last\"}}", members.join(","));
            let Value::Object(members) = Value::read(&text).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(members.len(), count);
            assert!(matches!(members.get("m0"), Some(Value::String(text)) if text == "last"));
            assert!(members.get(&format!("m{}", count - 1)).is_some());
            assert!(members.get("m").is_none());
        }
    }

    #[test]
    fn the_deepest_text_is_read_and_dropped() {
        let text = "[".repeat(crate::DEPTH_MAX) + &"]".repeat(crate::DEPTH_MAX);
        assert_eq!(canonical(&text), text);
    }
}
