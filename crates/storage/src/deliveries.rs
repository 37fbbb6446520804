//! The work: claiming, finishing, resending deliveries, and reading their record.

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::delivery::{BodySpec, Next, Progress};
use postrider_model::{
    AccountId, ActionId, Attempt, AutomationId, Delivery, DeliveryId, DeliveryStatus, Event, EventId,
    EventTypeName, Timestamp,
};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest, Position};
use crate::sessions::SessionId;

/// What finds a delivery's row: its account is part of every key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// Whose it is.
    pub account: AccountId,
    /// Which one.
    pub delivery: DeliveryId,
}

/// A delivery as the engine works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyDelivery {
    /// Its key.
    pub key: DeliveryKey,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// The action that carries it out.
    pub action: ActionId,
    /// How its body is made.
    pub body: BodySpec,
    /// How far it is.
    pub progress: Progress,
    /// What is delivered. Deliveries of one event that are claimed together share it.
    pub event: Arc<Event>,
}

/// An action with waiting deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingLane {
    /// Whose action it is.
    pub account: AccountId,
    /// The action.
    pub action: ActionId,
    /// When the first of its deliveries is due.
    pub next_due: Timestamp,
}

/// A request for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Deliveries of this action.
    pub action: ActionId,
    /// At most this many.
    pub room: usize,
    /// Their events' `data` adding up to at most about this many bytes; the first is given whatever its size.
    pub room_bytes: usize,
}

/// What a request for work brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Now owned by the claiming session, those due first in front.
    pub deliveries: Vec<ReadyDelivery>,
    /// When the next one that still waits is due (in the past, where the room did not suffice).
    pub next_due: Option<Timestamp>,
}

/// News of an owned delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Which delivery.
    pub key: DeliveryKey,
    /// Its action: what a retry waits for.
    pub action: ActionId,
    /// What happened.
    pub change: Change,
}

/// What happened to an owned delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An attempt ended.
    Attempted {
        /// Its record.
        attempt: Box<Attempt>,
        /// What the delivery is now.
        progress: Progress,
        /// Settled, or when to try again; agrees with `progress.status`.
        next: Next,
    },
    /// Its action is gone or switched off: no attempt was made.
    Canceled {
        /// When that was noticed.
        at: Timestamp,
        /// What the delivery is now ([`Progress::status_when_canceled`]).
        status: DeliveryStatus,
    },
}

/// What the store made of [`Finished`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The new state is on disk, and the delivery no longer owned. The attempt stands under the next free
    /// number, if its own was taken by a late one. Also the answer for an attempt that is on record already
    /// (it began at the same time, took as long and had the same outcome): then nothing was written.
    Applied,
    /// The session no longer owned the delivery. The attempt is on record (under the next free number, if its
    /// own was taken), the state as it was.
    Fenced,
    /// The delivery does not exist any more; nothing was written.
    Missing,
}

/// What became of the request for one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// It waits in the store, due at once, for this action.
    Due(ActionId),
    /// An attempt is under way or about to start; nothing was changed.
    UnderWay,
    /// It has had [`postrider_model::delivery::ATTEMPTS_MAX`]; nothing was changed.
    TooManyAttempts,
    /// The account has no such delivery.
    Missing,
}

/// A step of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayStep {
    /// How many deliveries were made due.
    pub replayed: usize,
    /// Where the next step goes on; `None` when all was looked at.
    pub next: Option<Position>,
}

/// A step of counting what a replay would replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountStep {
    /// How many deliveries match, of those that were looked at.
    pub matching: usize,
    /// Where the next step goes on; `None` when all was looked at.
    pub next: Option<Position>,
}

/// A delivery and all that was tried for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
}

/// Which deliveries to list or replay. All conditions have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this status.
    pub status: Option<DeliveryStatus>,
    /// Of this event.
    pub event: Option<EventId>,
    /// By this automation.
    pub automation: Option<AutomationId>,
    /// By this action.
    pub action: Option<ActionId>,
    /// Of events of this type.
    pub event_type: Option<EventTypeName>,
    /// Made at this time or later.
    pub after: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
}

/// The work, and its record.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Makes waiting deliveries that are due at `now` the session's own, for each request in order. A dead
    /// session gets an empty claim for each.
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>>;

    /// Actions with waiting deliveries, due or not, in the order of their ids, from behind `after`: at most
    /// `limit`.
    async fn waiting_lanes(&self, after: Option<ActionId>, limit: usize) -> StoreResult<Vec<WaitingLane>>;

    /// Records what happened to owned deliveries, all or (on an error) none, and answers for each in order. A
    /// delivery that settles by an attempt does so at the end of it (`started_at` + `duration`). A session
    /// whose lease ran out owns its deliveries until the store notices (by a renewal or
    /// [`crate::SessionStore::reclaim`]).
    ///
    /// A caller that got an error may not know what became of the call, and reports again: an attempt that is
    /// on record already is [`Recorded::Applied`], adds nothing and changes no state, whoever owns the
    /// delivery by now.
    async fn finish(&self, session: SessionId, finished: Vec<Finished>) -> StoreResult<Vec<Recorded>>;

    /// Gives owned deliveries back untried: they wait, due at `now`. Those that the session does not own stay
    /// as they are.
    async fn give_back(&self, session: SessionId, keys: Vec<DeliveryKey>, now: Timestamp) -> StoreResult<()>;

    /// Asks for one more attempt at once ([`Progress::resend`]).
    async fn resend(&self, key: DeliveryKey, now: Timestamp) -> StoreResult<Resent>;

    /// Asks for one more attempt of every settled delivery that matches, of those made before `filter.before`
    /// (or `now`): one bounded step of it, from behind `after`, newest first. Pending deliveries, those whose
    /// action is not in `actions` and those with too many attempts are passed over.
    async fn replay_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<ReplayStep>;

    /// Counts exactly what [`Self::replay_step`] would make due, given the same, and changes nothing: one
    /// bounded step of it, which may be a longer one.
    async fn count_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<CountStep>;

    /// The delivery, if the account has it.
    async fn delivery(&self, key: DeliveryKey) -> StoreResult<Option<Delivery>>;

    /// The delivery with its attempts, in one snapshot, if the account has it.
    async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>>;

    /// The account's deliveries, newest first.
    async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>>;
}
