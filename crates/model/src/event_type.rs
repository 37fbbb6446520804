//! Event types, their catalogue, and the patterns that triggers use.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::operational;
use crate::time::Timestamp;

/// Longest name of an event type, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 128;

/// The name of an event type: 1 to 128 of `[a-zA-Z0-9_.-]`, dotted by convention (`proposal.accepted`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeName(Arc<str>);

/// A string outside `[a-zA-Z0-9_.-]{1,128}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {EVENT_TYPE_BYTES_MAX} of the characters a-z, A-Z, 0-9, `_`, `.` and `-`")]
pub struct EventTypeNameError;

impl EventTypeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of Postrider's own: see [`crate::operational`].
    pub fn is_operational(&self) -> bool {
        self.0.starts_with(operational::PREFIX)
    }
}

impl FromStr for EventTypeName {
    type Err = EventTypeNameError;

    fn from_str(text: &str) -> Result<Self, EventTypeNameError> {
        let valid = (1..=EVENT_TYPE_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(EventTypeNameError)
        }
    }
}

impl fmt::Display for EventTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EventTypeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventTypeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Which event types trigger an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventPattern {
    /// `*`: every type but those of operational events.
    Any,
    /// `proposal.*`: every type that starts with `proposal.`, however many dots follow. Holds `proposal.`,
    /// dot included.
    Under(Box<str>),
    /// Exactly this type.
    Exact(EventTypeName),
}

/// A string that is neither the name of an event type nor a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of an event type, a prefix such as `proposal.*`, or `*`")]
pub struct EventPatternError;

impl EventPattern {
    /// Whether the pattern matches events of this type.
    pub fn matches(&self, name: &EventTypeName) -> bool {
        match self {
            Self::Any => !name.is_operational(),
            Self::Under(prefix) => name.as_str().starts_with(&**prefix),
            Self::Exact(exact) => exact == name,
        }
    }
}

impl FromStr for EventPattern {
    type Err = EventPatternError;

    fn from_str(text: &str) -> Result<Self, EventPatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(name) = text.strip_suffix(".*") {
            name.parse::<EventTypeName>().map_err(|_| EventPatternError)?;
            return Ok(Self::Under(text[..text.len() - 1].into()));
        }
        text.parse().map(Self::Exact).map_err(|_| EventPatternError)
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Under(prefix) => write!(f, "{prefix}*"),
            Self::Exact(name) => f.write_str(name.as_str()),
        }
    }
}

/// An entry of the catalogue of event types. The catalogue is the installation's, shared by all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// The type's name, unique.
    pub name: EventTypeName,
    /// The description for people; may be empty.
    pub description: String,
    /// An example of `data`, to show and to test with, as JSON text.
    pub example: Option<String>,
    /// A JSON Schema that `data` has to satisfy, as JSON text.
    pub schema: Option<String>,
    /// Whether customers see it. A type that an event added is hidden until somebody describes it, because
    /// its name may tell about another customer.
    pub visible: bool,
    /// When it was first seen or described.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> EventTypeName {
        text.parse().unwrap()
    }

    #[test]
    fn names_outside_the_alphabet_or_the_length_are_refused() {
        for text in ["", "a b", "a/b", "é", "a*", "*", &"x".repeat(129)] {
            assert!(text.parse::<EventTypeName>().is_err(), "{text}");
        }
        assert!("x".repeat(128).parse::<EventTypeName>().is_ok());
    }

    #[test]
    fn patterns_match_exactly_by_prefix_or_all() {
        let matches =
            |pattern: &str, text: &str| pattern.parse::<EventPattern>().unwrap().matches(&name(text));
        assert!(matches("proposal.accepted", "proposal.accepted"));
        assert!(!matches("proposal.accepted", "proposal.accepted.again"));
        assert!(matches("proposal.*", "proposal.accepted") && matches("proposal.*", "proposal.line.added"));
        assert!(!matches("proposal.*", "proposal") && !matches("proposal.*", "proposals.accepted"));
        assert!(matches("*", "anything"));
        assert!(!matches("*", "postrider.action.failing") && matches("*", "postriders.a"));
        assert!(matches("postrider.*", "postrider.action.failing"));
    }

    #[test]
    fn other_uses_of_the_star_are_refused() {
        for text in ["", ".*", "**", "a*", "*.a", "a.*.b", "a.**"] {
            assert!(text.parse::<EventPattern>().is_err() || text == ".*", "{text}");
        }
        assert!(".*".parse::<EventPattern>().is_err());
    }
}
