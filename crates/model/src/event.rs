//! Events: what happened.

use bytes::Bytes;

use crate::event_type::EventTypeName;
use crate::id::{AccountId, EventId};
use crate::time::Timestamp;

/// Something that happened in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's id: Postrider's own, or brought along by the producer.
    pub id: EventId,
    /// Where it happened.
    pub account: AccountId,
    /// What kind of thing happened.
    pub event_type: EventTypeName,
    /// The producer's `data`, byte for byte, without surrounding white space.
    pub data: Bytes,
    /// When it happened, where the producer said so.
    pub occurred_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Who reported it.
    pub origin: Origin,
    /// Whether [`Self::data`] already is what `JSON.stringify` prints, so that the `js` style is a copy.
    pub js_fixed_point: bool,
    /// Why the body goes out raw whatever the action's style, if it does.
    pub warning: Option<Warning>,
    /// How many deliveries it was accepted with.
    pub deliveries: u32,
}

impl Event {
    /// The time in the envelope: when it happened, as far as anyone said, else when it was accepted.
    pub fn timestamp(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.created_at)
    }

    /// Whether it is a test of an automation: such events count in no statistics.
    pub fn is_test(&self) -> bool {
        self.origin == Origin::Test
    }
}

/// Who reported an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Origin {
    /// The company's own software.
    #[default]
    Producer = 0,
    /// A test of an automation: `POST …/automations/{id}/test`.
    Test = 1,
    /// Postrider itself, about what happens to deliveries, actions and keys.
    Operational = 2,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Producer, Self::Test, Self::Operational];

    /// The origin's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Test => "test",
            Self::Operational => "operational",
        }
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The origin that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Why re-serialising the event's `data` would lose something. Such bodies go out raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What would be lost: `duplicate_name`, `lone_surrogate`, `negative_zero` or `number_precision`.
    pub code: String,
    /// The first place where it would be, as an RFC 6901 pointer into `data`.
    pub pointer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_survive_their_code() {
        for origin in Origin::ALL {
            assert_eq!(Origin::from_code(origin.code()), Some(origin));
        }
        assert_eq!(Origin::from_code(3), None);
    }
}
