//! Headers of actions and events in JSON: an object of strings that keeps its order.

use std::fmt;

use postrider_model::EventHeaders;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// Names and values, in the order given. `Debug` shows the names.
#[derive(Clone, Default)]
pub struct HeadersInput(pub(in crate::routes) Vec<(String, String)>);

impl HeadersInput {
    /// The headers of an event.
    pub(in crate::routes) fn of(headers: &EventHeaders) -> Self {
        let owned = headers
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(owned.collect())
    }
}

impl fmt::Debug for HeadersInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Serialize for HeadersInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for HeadersInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = HeadersInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeadersInput, A::Error> {
                let mut headers = Vec::new();
                while let Some(header) = map.next_entry()? {
                    headers.push(header);
                }
                Ok(HeadersInput(headers))
            }
        }

        deserializer.deserialize_map(Walk)
    }
}
