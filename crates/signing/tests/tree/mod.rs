//! Reads documents through `serde_json`, without its limits on numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a document says, numbers by their text.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Literal(String),
    Number(String),
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads a document through `serde_json`.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        Ok(match text.as_bytes().first() {
            Some(b'"') => Self::String(serde_json::from_str(text)?),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|item| Self::read(item.get()))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let members = members
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::read(value.get())?)));
                Self::Object(members.collect::<serde_json::Result<_>>()?)
            }
            Some(b'-' | b'0'..=b'9') => Self::Number(text.to_owned()),
            _ => Self::Literal(text.to_owned()),
        })
    }

    /// Whether the JSON pointer leads to a value, whichever of equal names it takes.
    pub fn has(&self, pointer: &str) -> bool {
        let Some(path) = pointer.strip_prefix('/') else {
            return pointer.is_empty();
        };
        let end = path.find('/').unwrap_or(path.len());
        let (segment, rest) = (path[..end].replace("~1", "/").replace("~0", "~"), &path[end..]);
        match self {
            Self::Array(items) => segment
                .parse()
                .ok()
                .and_then(|at: usize| items.get(at))
                .is_some_and(|item| item.has(rest)),
            Self::Object(members) => members
                .iter()
                .any(|(name, value)| *name == segment && value.has(rest)),
            _ => false,
        }
    }

    /// Whether both say the same to a receiver, whatever the order of members.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.parse::<f64>() == right.parse::<f64>(),
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            (Self::Object(left), Self::Object(right)) => {
                let has = |(name, value): &(String, Self)| {
                    right
                        .iter()
                        .any(|(other, candidate)| name == other && value.equals(candidate))
                };
                left.len() == right.len() && left.iter().all(has)
            }
            _ => self == other,
        }
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
