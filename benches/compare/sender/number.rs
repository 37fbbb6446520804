//! JSON Pointers (RFC 6901): where a response has an id, and where a delivered body has the event's number.
//!
//! The sink looks for a number in every delivery, and its time is the machine's. So it reads the body once,
//! without building a document.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Fault;

/// A place in a JSON document.
#[derive(Debug, Clone)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

impl Pointer {
    /// Parses a pointer. It refuses the empty one, which is the whole document: that holds neither a number
    /// nor an id of its own.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let Some(tokens) = text.strip_prefix('/') else {
            return Err(Fault::new(format!(
                "{text:?} does not point into a JSON document; a JSON Pointer begins with a slash, as \"/data/n\" does"
            )));
        };
        let tokens = tokens.split('/');
        Ok(Self {
            text: text.to_owned(),
            tokens: tokens
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .collect(),
        })
    }

    /// The number at this place, which may be written as a string.
    pub fn number(&self, body: &[u8]) -> Option<u32> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let number = NumberAt(&self.tokens).deserialize(&mut json).ok()?;
        json.end().ok()?;
        number
    }

    /// The text or number at this place.
    pub fn text(&self, body: &[u8]) -> Option<String> {
        let document: Value = serde_json::from_slice(body).ok()?;
        match document.pointer(&self.text)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Reads a value to its end, and returns the number at this place in it.
#[derive(Clone, Copy)]
struct NumberAt<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for NumberAt<'_> {
    type Value = Option<u32>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NumberAt<'_> {
    type Value = Option<u32>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let step = self.0.split_first();
        while let Some(is_on_path) = map.next_key_seed(Equals(step.map(|(token, _)| token)))? {
            match step {
                Some((_, rest)) if is_on_path => found = map.next_value_seed(NumberAt(rest))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let step = self.0.split_first();
        let wanted = step.and_then(|(token, rest)| Some((token.parse::<usize>().ok()?, rest)));
        let mut found = None;
        for index in 0.. {
            match wanted {
                Some((at, rest)) if at == index => match items.next_element_seed(NumberAt(rest))? {
                    Some(number) => found = number,
                    None => break,
                },
                _ => {
                    if items.next_element::<IgnoredAny>()?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.is_empty().then(|| text.parse().ok()).flatten())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.0.is_empty().then(|| u32::try_from(number).ok()).flatten())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether a key equals this one.
#[derive(Clone, Copy)]
struct Equals<'a>(Option<&'a String>);

impl<'de> DeserializeSeed<'de> for Equals<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Equals<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.is_some_and(|wanted| wanted == key))
    }
}
