//! Events that actions have missed: finding them, and adding the deliveries that they lack.

use async_trait::async_trait;
use bytes::Bytes;
use postrider_model::delivery::BodySpec;
use postrider_model::{
    AccountId, ActionId, AuditEntry, AutomationId, EventId, EventPattern, EventTypeName, Timestamp,
};

use crate::error::StoreResult;
use crate::page::Position;

/// Which events to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedFilter {
    /// The actions that may have missed them.
    pub actions: Vec<ActionId>,
    /// Of types that one of these patterns matches.
    pub patterns: Vec<EventPattern>,
    /// Of this type.
    pub event_type: Option<EventTypeName>,
    /// Accepted at this time or later.
    pub after: Timestamp,
    /// Accepted before this time.
    pub before: Timestamp,
}

/// How much one step returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissedBounds {
    /// At most this many events, one or more.
    pub events: usize,
    /// Their `data` adds up to at most about this many bytes; the first event is returned whatever its size.
    /// `None`: their data is not read.
    pub data_bytes: Option<usize>,
}

/// An event that lacks a delivery for some of the actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedEvent {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub event_type: EventTypeName,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its data; empty where it is not read.
    pub data: Bytes,
    /// The actions for which it has no delivery, in the order of the filter.
    pub lacking: Vec<ActionId>,
}

/// The result of one step of looking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissedStep {
    /// The events found, newest first.
    pub events: Vec<MissedEvent>,
    /// Where the next step begins; `None` after the last event.
    pub next: Option<Position>,
}

/// Deliveries to add to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMissed {
    /// The event.
    pub event: EventId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The deliveries to add; each action occurs once.
    pub deliveries: Vec<MissedDelivery>,
}

/// A delivery to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissedDelivery {
    /// The automation that would have been triggered.
    pub automation: AutomationId,
    /// The action that carries it out.
    pub action: ActionId,
    /// How to render its body.
    pub body: BodySpec,
}

/// Events that actions have missed.
#[async_trait]
pub trait MissedStore: Send + Sync {
    /// Looks for events of producers that are not canceled and lack a delivery for one of the actions
    /// ([`crate::rules::missed`]). One call is one bounded step, beginning after `after`, newest first.
    async fn missed_step(
        &self,
        account: AccountId,
        filter: &MissedFilter,
        bounds: MissedBounds,
        after: Option<Position>,
    ) -> StoreResult<MissedStep>;

    /// Adds deliveries to events, which wait in the store: due at `now`, or when their event asks for it if
    /// that is later. An event has at most one delivery for each action: a delivery that it has got meanwhile
    /// is not added, nor one for an event that is gone or canceled. Returns how many events got deliveries. If
    /// there are some, the same commit writes `audit`, if there is one.
    ///
    /// The ids of added deliveries follow those that the event has. An event without deliveries gets a block
    /// of ids ([`crate::rules::missed::first_id`]).
    async fn add_missed(
        &self,
        account: AccountId,
        events: Vec<NewMissed>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<usize>;
}
