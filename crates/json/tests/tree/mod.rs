//! Reads documents through `serde_json`, without its limits on numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The content of a document, with numbers as text.
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
