//! A value with its place in a file: what YAML and JSON have in common, numbers as they are written.

use std::fmt;

use postrider_json::{JsonError, Value};

/// A place in a file, both counted from 1. `Place::NONE` for a value that comes from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// Of a value that is in no file.
    pub const NONE: Self = Self { line: 0, column: 0 };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value with its place. It can hold a secret, so `Debug` shows the place alone.
#[derive(Clone)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub tree: Tree,
}

/// What a value is.
#[derive(Clone)]
pub enum Tree {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A JSON number, as written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Members by name, in the order of the file. Each name occurs once.
    Map(Vec<Member>),
}

/// A member of a map.
#[derive(Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name begins.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.tree.kind(), self.place)
    }
}

impl Tree {
    /// What it is, in words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The value at no place.
    pub const fn nowhere(self) -> Node {
        Node {
            place: Place::NONE,
            tree: self,
        }
    }

    /// The value at this place.
    pub const fn at(self, place: Place) -> Node {
        Node { place, tree: self }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Node {
    /// Reads a JSON text.
    pub fn of_json(json: &str) -> Result<Self, JsonError> {
        Ok(of_value(&Value::read(json)?))
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let found = self.members().iter().find(|member| member.name == name);
        found.map(|member| &member.value)
    }

    /// The member of this name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Tree::Map(members) = &mut self.tree else {
            return None;
        };
        let found = members.iter_mut().find(|member| member.name == name);
        found.map(|member| &mut member.value)
    }

    /// Sets a member, in the place of an earlier value of it.
    pub fn set(&mut self, name: &str, value: Self) {
        if let Some(earlier) = self.get_mut(name) {
            *earlier = value;
        } else if let Tree::Map(members) = &mut self.tree {
            let place = value.place;
            members.push(Member {
                name: name.to_owned(),
                place,
                value,
            });
        }
    }

    /// Takes a member out.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        let Tree::Map(members) = &mut self.tree else {
            return None;
        };
        let at = members.iter().position(|member| member.name == name)?;
        Some(members.remove(at).value)
    }

    /// The members; none if it is not a map.
    pub fn members(&self) -> &[Member] {
        match &self.tree {
            Tree::Map(members) => members,
            _ => &[],
        }
    }

    /// The items; none if it is not a list.
    pub fn items(&self) -> &[Self] {
        match &self.tree {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of this member, if it has one.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self.tree, Tree::Null)
    }

    /// Whether it is true.
    pub const fn is_true(&self) -> bool {
        matches!(self.tree, Tree::Bool(true))
    }

    /// The place of the value that this JSON pointer names, or of the nearest value around it.
    pub fn place_of(&self, pointer: &str) -> Place {
        let mut node = self;
        let mut place = self.place;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let found = match &node.tree {
                Tree::Map(members) => {
                    let found = members.iter().find(|member| member.name == step);
                    found.map(|member| (member.place, &member.value))
                }
                Tree::List(items) => {
                    let item = step.parse().ok().and_then(|at: usize| items.get(at));
                    item.map(|item| (item.place, item))
                }
                _ => None,
            };
            let Some((at, inner)) = found else { return place };
            node = inner;
            // A value that was not in the file has no place.
            place = if at == Place::NONE { place } else { at };
        }
        place
    }

    /// The value as compact JSON.
    pub fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match &self.tree {
            Tree::Null => out.push_str("null"),
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Number(number) => out.push_str(number),
            Tree::Text(text) => out.push_str(&quoted(text)),
            Tree::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    item.write_json(out);
                }
                out.push(']');
            }
            Tree::Map(members) => {
                out.push('{');
                for (at, member) in members.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&quoted(&member.name));
                    out.push(':');
                    member.value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Whether both are the same JSON value: numbers by their decimal value, members in any order.
    pub fn is_equal(&self, other: &Self) -> bool {
        let canonical = |node: &Self| Value::read(&node.json()).ok().map(|value| value.canonical());
        canonical(self) == canonical(other)
    }
}

fn of_value(value: &Value<'_>) -> Node {
    let tree = match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Number(number.text.to_owned()),
        Value::String(text) => Tree::Text(text.clone().into_owned()),
        Value::Array(items) => Tree::List(items.iter().map(of_value).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Member {
                name: name.to_owned(),
                place: Place::NONE,
                value: of_value(value),
            });
            Tree::Map(members.collect())
        }
    };
    tree.nowhere()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_compare_by_value() {
        let json = r#"{"a":8202522731445525542123,"b":[1.10,"\u00e9"],"c":null}"#;
        let node = Node::of_json(json).unwrap();
        assert_eq!(node.json(), json.replace("\\u00e9", "é"));
        let same = Node::of_json(r#"{"c":null,"b":[1.1,"é"],"a":8202522731445525542123.0}"#).unwrap();
        assert!(node.is_equal(&same));
        let other = Node::of_json(r#"{"c":null,"b":[1.1,"é"],"a":8202522731445525542124}"#).unwrap();
        assert!(!node.is_equal(&other));
    }
}
