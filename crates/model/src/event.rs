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
    /// Made by `POST …/automations/{id}/test`.
    pub test: bool,
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
}

/// Why re-serialising the event's `data` would lose something. Such bodies go out raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What would be lost: `duplicate_name`, `lone_surrogate`, `negative_zero` or `number_precision`.
    pub code: String,
    /// The first place where it would be, as an RFC 6901 pointer into `data`.
    pub pointer: String,
}
