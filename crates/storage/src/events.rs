//! Events: what is stored with a new one, and how to read them back.

use async_trait::async_trait;
use postrider_model::delivery::BodySpec;
use postrider_model::{
    AccountId, ActionId, AuditEntry, AutomationId, DeliveryId, Event, EventId, EventTypeName, Timestamp,
};

use crate::deliveries::CanceledDelivery;
use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// An event to be stored with its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event; `event.deliveries` equals the length of [`Self::deliveries`].
    pub event: Event,
    /// True if the producer chose `event.id`, so that the id may already exist. An id that Postrider
    /// generated is new.
    pub id_is_callers: bool,
    /// The producer's `Idempotency-Key`, unique within the account for as long as its event is kept.
    pub idempotency_key: Option<String>,
    /// True if the catalogue may lack the type: the store then adds it without a description.
    pub adds_event_type: bool,
    /// The deliveries to store. Their ids are consecutive numbers, in this order
    /// ([`postrider_model::IdGenerator::next_block`]).
    pub deliveries: Vec<NewDelivery>,
    /// The automations that the event would have triggered if its data met their conditions. A store ignores
    /// them; statistics count them.
    pub held_back: Vec<AutomationId>,
}

/// A delivery of a new event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// The action that carries it out.
    pub action: ActionId,
    /// How to render its body.
    pub body: BodySpec,
    /// Who makes the first attempt.
    pub first_attempt: FirstAttempt,
}

/// Who makes the first attempt of a new delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstAttempt {
    /// The appending session, which owns the delivery and keeps it in memory.
    Owned,
    /// The session that claims it, because memory had no room or the event is operational. The delivery waits
    /// in the store, due at once.
    Waiting,
}

/// The result of storing an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The event and its deliveries are on disk.
    Stored,
    /// The id or the idempotency key was used before for the same event, which is returned: same type, same
    /// JSON value as `data`, same `occurred_at`, `deliver_at` and headers, same id where the producer chose
    /// one. Nothing was written.
    Known(Box<Event>),
    /// The id or the key was used before for another event. Nothing was written.
    Conflict,
}

impl Appended {
    /// [`Self::Known`] for this event.
    pub fn known(event: Event) -> Self {
        Self::Known(Box::new(event))
    }
}

/// The result of the request to cancel an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventCanceled {
    /// It is canceled, and none of its deliveries will be attempted: these were pending before.
    Done(Vec<CanceledDelivery>),
    /// A delivery was attempted, or a session owns it and may be attempting it. Nothing was changed.
    Attempted,
    /// The account has no such event.
    Missing,
}

/// Which events to list. An event must meet all conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this type.
    pub event_type: Option<EventTypeName>,
    /// Accepted at this time or later.
    pub after: Option<Timestamp>,
    /// Accepted before this time.
    pub before: Option<Timestamp>,
}

/// Reading events back. [`crate::WorkStore::advance`] stores them.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// The event, if the account has it.
    async fn event(&self, account: AccountId, id: EventId) -> StoreResult<Option<Event>>;

    /// For each of these events: what [`crate::WorkStore::advance`] would return because of an event on disk
    /// ([`Appended::Known`] or [`Appended::Conflict`]), or `None` if it would store the event. Writes
    /// nothing, and does not compare the events with each other.
    async fn known_events(&self, events: Vec<NewEvent>) -> StoreResult<Vec<Option<Appended>>>;

    /// Cancels an event with its pending deliveries, unless one of its deliveries was attempted, or may be
    /// under way ([`crate::rules::cancel::of_event`]). It stays on record, so that its id and its idempotency
    /// key are not used again. Writes `audit`, unless the event was canceled before.
    async fn cancel_event(
        &self,
        account: AccountId,
        id: EventId,
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<EventCanceled>;

    /// The first `bytes` bytes of the data of each of these events, in order; `None` for one that is gone. An
    /// event comes with the time of its acceptance.
    async fn beginnings(
        &self,
        account: AccountId,
        events: &[(EventId, Timestamp)],
        bytes: usize,
    ) -> StoreResult<Vec<Option<Vec<u8>>>>;

    /// The account's events, newest first by `created_at`; events with the same time are in reverse order of
    /// storing.
    async fn events(
        &self,
        account: AccountId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Event>>;
}
