//! Claiming, resending and canceling deliveries, what a session reports about those it owns, and reading them
//! with their attempts.

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::delivery::{BodySpec, Next, Progress};
use postrider_model::{
    AccountId, ActionId, Attempt, AuditEntry, AutomationId, Delivery, DeliveryId, DeliveryStatus, Event,
    EventId, EventTypeName, Outcome, StatusCodes, Timestamp,
};

use crate::error::StoreResult;
use crate::health::ActionReport;
use crate::page::{Page, PageRequest, Position};
use crate::sessions::SessionId;

/// The key of a delivery's row. The account is part of every key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The owning account.
    pub account: AccountId,
    /// The delivery's id.
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
    /// How to render its body.
    pub body: BodySpec,
    /// Its status and counters.
    pub progress: Progress,
    /// The event to deliver. Deliveries of one event that are claimed together share it.
    pub event: Arc<Event>,
}

/// An action with waiting deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingLane {
    /// The account that owns the action.
    pub account: AccountId,
    /// The action.
    pub action: ActionId,
    /// When the first of these deliveries is due.
    pub next_due: Timestamp,
}

/// A waiting delivery that is due later than now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueAhead {
    /// Its key.
    pub key: DeliveryKey,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// The action that carries it out.
    pub action: ActionId,
    /// When it is due.
    pub due: Timestamp,
    /// Its status and counters.
    pub progress: Progress,
    /// The status code of its last attempt.
    pub last_status_code: Option<u16>,
    /// The [`Event::deliver_at`] of its event, until its first attempt.
    pub deliver_at: Option<Timestamp>,
}

/// A due time to bring forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueEarlier {
    /// The delivery.
    pub key: DeliveryKey,
    /// The due time that was judged.
    pub due: Timestamp,
    /// The due time to set instead.
    pub earlier: Timestamp,
}

/// A request for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Deliveries of this action.
    pub action: ActionId,
    /// Only those that are due at this time or later. A store need not walk over what it gave away before:
    /// on PostgreSQL, dead rows stay in the index for as long as anybody holds an old snapshot. The epoch is
    /// before all due times.
    pub since: Timestamp,
    /// At most this many.
    pub room: usize,
    /// The `data` of their events adds up to at most about this many bytes; the first delivery is returned
    /// whatever its size.
    pub room_bytes: usize,
}

/// The result of a [`ClaimRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// The deliveries that the session now owns, those due first at the front.
    pub deliveries: Vec<ReadyDelivery>,
    /// When the next delivery that still waits is due, at `since` or later (in the past where the request had
    /// no room for it).
    pub next_due: Option<Timestamp>,
}

/// A report about an owned delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The delivery.
    pub key: DeliveryKey,
    /// Its action; a retry waits in that action's lane.
    pub action: ActionId,
    /// What happened.
    pub change: Change,
}

/// The change that an owned delivery went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An attempt ended.
    Attempted {
        /// Its record.
        attempt: Box<Attempt>,
        /// The delivery's new progress.
        progress: Progress,
        /// The final status, or when to retry; agrees with `progress.status`.
        next: Next,
        /// Why the result also switches the action off, if the action still has the target of the attempt.
        disables: Option<DisabledReason>,
        /// What a settled delivery says about its action. `None` if it changes neither the health of the
        /// action nor announces anything, as nearly always.
        report: Option<Box<ActionReport>>,
    },
    /// Its action was deleted or switched off before an attempt was made.
    Canceled {
        /// When the session noticed.
        at: Timestamp,
        /// The delivery's new status ([`Progress::status_when_canceled`]).
        status: DeliveryStatus,
    },
}

/// How the store recorded a [`Finished`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The new state is on disk, and no session owns the delivery any more. The attempt is recorded under the
    /// next free number if a late attempt has used its own.
    Applied,
    /// Another session has taken the delivery over, or the delivery was settled. The attempt is on record
    /// (under the next free number if its own was used); the state is unchanged.
    Fenced,
    /// The delivery no longer exists; nothing was written.
    Missing,
}

/// The result of a request for one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// The delivery waits in the store, due at once, for this action.
    Due(ActionId),
    /// An attempt is under way or about to start; nothing was changed.
    UnderWay,
    /// The delivery has had [`postrider_model::delivery::ATTEMPTS_MAX`] attempts; nothing was changed.
    TooManyAttempts,
    /// The account has no such delivery.
    Missing,
}

/// The result of one step of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayStep {
    /// How many deliveries were made due.
    pub replayed: usize,
    /// Where the next step begins; `None` after the last delivery.
    pub next: Option<Position>,
}

/// The result of one step of counting what a replay would make due, or what would be canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountStep {
    /// How many of the deliveries looked at match.
    pub matching: usize,
    /// Where the next step begins; `None` after the last delivery.
    pub next: Option<Position>,
}

/// A delivery that was canceled on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanceledDelivery {
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// The action that would have carried it out.
    pub action: ActionId,
    /// Its new status ([`Progress::status_when_canceled`]).
    pub status: DeliveryStatus,
    /// If a resend was canceled, the delivery's status before the resend was requested.
    pub resend_of: Option<DeliveryStatus>,
    /// Whether its event is a test.
    pub is_test: bool,
}

/// The result of one step of canceling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelStep {
    /// The deliveries that were canceled.
    pub canceled: Vec<CanceledDelivery>,
    /// Where the next step begins; `None` after the last delivery.
    pub next: Option<Position>,
}

/// A delivery and all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
}

/// Which deliveries to list, replay or cancel. A delivery must meet all conditions.
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
    /// Created at this time or later.
    pub after: Option<Timestamp>,
    /// Created before this time.
    pub before: Option<Timestamp>,
    /// Whose last response had one of these status codes.
    pub status_code: Option<StatusCodes>,
    /// Whose last attempt had this outcome.
    pub outcome: Option<Outcome>,
}

/// Deliveries: the work and its record. [`crate::WorkStore::advance`] stores new ones, and records what
/// happened to owned ones.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Makes the session the owner of waiting deliveries that are due at `now`, for each request in order. A
    /// dead session gets an empty claim for each request.
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>>;

    /// Actions with waiting deliveries that are due at `since` or later, in the future too, ordered by id and
    /// beginning after `after`: at most `limit`.
    async fn waiting_lanes(
        &self,
        since: Timestamp,
        after: Option<ActionId>,
        limit: usize,
    ) -> StoreResult<Vec<WaitingLane>>;

    /// Waiting deliveries that are due after `now`, ordered by action, due time and id, and beginning after
    /// `after`: at most `limit`.
    async fn due_ahead(
        &self,
        now: Timestamp,
        after: Option<DueAhead>,
        limit: usize,
    ) -> StoreResult<Vec<DueAhead>>;

    /// Brings due times forward, of those deliveries that still wait for the time that was judged. Returns
    /// their number.
    async fn bring_forward(&self, earlier: Vec<DueEarlier>) -> StoreResult<usize>;

    /// Requests one more attempt at once ([`Progress::resend`]).
    async fn resend(&self, key: DeliveryKey, now: Timestamp, audit: AuditEntry) -> StoreResult<Resent>;

    /// Requests one more attempt of every settled delivery that matches and was created before
    /// `filter.before` (or `now`). One call is one bounded step, beginning after `after`, newest first. It
    /// skips pending deliveries, those whose action is not in `actions`, and those with too many attempts. A
    /// step that makes deliveries due writes `audit`, if there is one: a replay has one entry, not one for
    /// each step.
    async fn replay_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<ReplayStep>;

    /// Counts exactly what [`Self::replay_step`] would make due for the same arguments, and changes nothing.
    /// One call is one bounded step, which may be longer than a replay's.
    async fn count_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<CountStep>;

    /// Cancels every pending delivery that matches and was created before `filter.before` (or `now`, if that
    /// is earlier), whether it waits or a session owns it. It gets the status that
    /// [`Progress::status_when_canceled`] says, and no session owns it any more: the result of an attempt
    /// under way is fenced ([`Recorded::Fenced`]). One call is one bounded step, beginning after `after`,
    /// newest first. A step that cancels deliveries writes `audit`, if there is one, as for
    /// [`Self::replay_step`].
    ///
    /// A node may hold an owned delivery in memory. A step that cancels one therefore also sets
    /// [`crate::AccountConfig::canceled_before`] to `now` or later, in the same commit. On a shared store,
    /// this is a change of the account ([`crate::Changed::Account`]).
    async fn cancel_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        after: Option<Position>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<CancelStep>;

    /// Counts exactly what [`Self::cancel_step`] would cancel for the same arguments, and changes nothing.
    /// One call is one bounded step, which may be longer than a step that cancels.
    async fn count_cancel_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
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

    /// The deliveries of all accounts, newest first. Those of an account that was deleted are left out.
    async fn deliveries_of_all(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>>;
}
