//! Statistics: what was accepted and delivered, summed by time, so that reading them costs the same however
//! many events there are.
//!
//! **What is counted.** [`Counts`] for the whole installation for each minute and each hour; for each account
//! (its events, and all bytes stored for it), each automation (what its conditions held back) and each action
//! (its deliveries only) for each hour; and, for the installation, how long deliveries took ([`latency`]). A
//! store only adds up the numbers it receives; it does not know what counts.
//!
//! **What reading costs.** A day of the installation is 1,440 rows; 30 days are 720. The last day of an
//! account is one range of rows. What an account stored within the retention is read by the key of each hour,
//! because its actions have rows in the same range. Failing actions are found among only those hours in which
//! an action failed.
//!
//! Statistics are not exact records. A crash may lose the last seconds, and a lost result of
//! [`StatisticsStore::add_statistics`] may lead to something being counted twice. Statistics outlive what
//! they count: accounts and actions in them may have been deleted.

pub mod latency;

use std::ops::{AddAssign, Range};

use async_trait::async_trait;
use postrider_model::{AccountId, ActionId, Attempt, AutomationId, Event, Timestamp};

use crate::error::StoreResult;
use latency::{Bucket, Histogram};

/// Most steps that [`StatisticsStore::statistics`] returns: two days of minutes, which are not kept for
/// longer.
pub const STEPS_MAX: usize = 2_880;

/// Most hours of failing actions that [`StatisticsStore::failing_actions`] looks at, the newest: about a
/// hundred actions that fail in every hour of 20 days. Reading them takes about 30 ms.
pub const FAILING_HOURS_MAX: usize = 50_000;

/// Most pending deliveries that [`StatisticsStore::backlog`] counts: beyond that, an operator only needs to
/// know that there are many. To count 100,000, PostgreSQL took 25 ms, and 130 ms where the rows were so new
/// that it had to visit each of them.
pub const BACKLOG_COUNTED_MAX: usize = 20_000;

/// Most actions with waiting deliveries that [`StatisticsStore::backlog`] has to look at to find the oldest
/// delivery. PostgreSQL takes about 45 µs for each; a store looks at more only where its count reads them
/// anyway.
pub const BACKLOG_ACTIONS_MAX: usize = 500;

/// Most hours that [`StatisticsStore::stored_bytes`] reads, the oldest of its span: ten years, the longest
/// retention, and two days. A month is 720 hours, of which each is one look-up.
pub const STORED_HOURS_MAX: usize = 24 * (3_650 + 2);

/// The length of time that one sum covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TimeStep {
    /// A minute.
    Minute = 0,
    /// An hour.
    Hour = 1,
}

impl TimeStep {
    /// The number stored for this step.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Its length in milliseconds.
    pub const fn length_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// The beginning of the step that contains this time.
    pub const fn start_of(self, time: Timestamp) -> Timestamp {
        let ms = time.unix_ms();
        Timestamp::from_unix_ms(ms - ms.rem_euclid(self.length_ms()))
    }

    /// The beginnings of the steps that began within the span, oldest first.
    pub fn starts_within(self, span: &Range<Timestamp>) -> impl Iterator<Item = Timestamp> {
        let (start_ms, end_ms) = (span.start.unix_ms(), span.end.unix_ms());
        let into_step_ms = start_ms.rem_euclid(self.length_ms());
        let first_ms = match into_step_ms {
            0 => Some(start_ms),
            _ => start_ms.checked_add(self.length_ms() - into_step_ms),
        };
        std::iter::successors(first_ms, move |at_ms| at_ms.checked_add(self.length_ms()))
            .take_while(move |at_ms| *at_ms < end_ms)
            .map(Timestamp::from_unix_ms)
    }
}

/// An action with its automation and account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKey {
    /// The owning account.
    pub account: AccountId,
    /// The automation it is part of.
    pub automation: AutomationId,
    /// The action.
    pub action: ActionId,
}

/// What the counts belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole installation.
    Installation,
    /// An account.
    Account(AccountId),
    /// An automation; only what its conditions held back.
    Automation(AccountId, AutomationId),
    /// An action.
    Action(ActionKey),
}

/// Counted numbers of events, deliveries and attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Events accepted.
    pub events: u64,
    /// Deliveries that became succeeded.
    pub succeeded: u64,
    /// Deliveries that became failed.
    pub failed: u64,
    /// Deliveries that became canceled.
    pub canceled: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Attempts that did not succeed.
    pub attempts_failed: u64,
    /// Bytes stored, estimated: of events, tests included ([`stored_with_event`]), and of attempts
    /// ([`stored_with_attempt`]). An action has those of its attempts only.
    pub stored_bytes: u64,
    /// Events that an automation's conditions held back. An event counts for each such automation.
    pub held_back: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.canceled += other.canceled;
        self.attempts += other.attempts;
        self.attempts_failed += other.attempts_failed;
        self.stored_bytes += other.stored_bytes;
        self.held_back += other.held_back;
    }
}

/// What a row of an event, a delivery or an attempt takes on disk besides `data`, headers and the response,
/// with its share of the indexes. The benchmark measured, with SQLite and 512 bytes of `data`, 1,018 bytes
/// for an event with one delivery and one attempt, and 3,860 for one with ten of each
/// (`docs/performance.md`).
pub const ROW_BYTES: u64 = 160;

/// Bytes that acceptance stores: the event's `data` and headers, its row, and a row for each delivery.
pub fn stored_with_event(event: &Event) -> u64 {
    event.bytes() as u64 + ROW_BYTES * (1 + event.deliveries as u64)
}

/// Bytes that the record of an attempt takes: the kept headers and body of the response, and a row.
pub fn stored_with_attempt(attempt: &Attempt) -> u64 {
    attempt.exchange.response_bytes() as u64 + ROW_BYTES
}

/// Counts to add to the stored sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What the counts belong to.
    pub scope: Scope,
    /// The length of time that the sum covers.
    pub step: TimeStep,
    /// When the step began ([`TimeStep::start_of`]).
    pub at: Timestamp,
    /// The numbers to add.
    pub counts: Counts,
}

/// Latencies to add to the stored sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyCount {
    /// The length of time that the sum covers.
    pub step: TimeStep,
    /// When the step began.
    pub at: Timestamp,
    /// The bucket of the time from acceptance of the event to the successful attempt.
    pub bucket: Bucket,
    /// The number of latencies.
    pub count: u64,
}

/// An action with failed deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailingAction {
    /// The action.
    pub key: ActionKey,
    /// How many of its deliveries failed.
    pub failed: u64,
    /// How many of its deliveries succeeded in the same time.
    pub succeeded: u64,
}

/// The backlog: deliveries still pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Pending deliveries, owned or waiting: at most [`BACKLOG_COUNTED_MAX`].
    pub pending: usize,
    /// Whether there are more pending deliveries than that.
    pub is_more: bool,
    /// Since when the longest-due waiting delivery has been due: among all, or among those of the first
    /// [`BACKLOG_ACTIONS_MAX`] actions. `None` if none of the deliveries looked at is due yet.
    pub oldest_due: Option<Timestamp>,
}

/// Statistics and the backlog.
#[async_trait]
pub trait StatisticsStore: Send + Sync {
    /// Adds to the stored sums, all or (on an error) nothing. The same key may occur several times.
    async fn add_statistics(&self, counts: Vec<Count>, latencies: Vec<LatencyCount>) -> StoreResult<()>;

    /// The steps of the span in which something was counted, oldest first: at most [`STEPS_MAX`].
    async fn statistics(
        &self,
        scope: Scope,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Counts)>>;

    /// The latencies of deliveries in the span.
    async fn latencies(&self, step: TimeStep, span: Range<Timestamp>) -> StoreResult<Histogram>;

    /// The counts of each action of the account in the hours that began within the span, unordered.
    async fn action_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(ActionKey, Counts)>>;

    /// The sums of the account, of its automations and of its actions in the hours that began within the
    /// span, ordered by hour, then by automation and action: at most `limit`, from the first that follows
    /// `after`, which is the hour and scope of a sum that an earlier call returned. [`Counts::stored_bytes`]
    /// of the account includes those of its actions.
    async fn account_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
        after: Option<(Timestamp, Scope)>,
        limit: usize,
    ) -> StoreResult<Vec<(Timestamp, Scope, Counts)>>;

    /// The latencies of deliveries in each step of the span that has some, oldest first: at most
    /// [`STEPS_MAX`] steps.
    async fn latency_steps(
        &self,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Histogram)>>;

    /// [`Counts::held_back`] of each automation of the account in the hours that began within the span,
    /// unordered. Automations that held nothing back are left out.
    async fn held_back(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(AutomationId, u64)>>;

    /// The actions with the most failed deliveries in the hours that began within the span, in descending
    /// order: at most `limit`, from the newest [`FAILING_HOURS_MAX`] hours in which an action failed.
    async fn failing_actions(&self, span: Range<Timestamp>, limit: usize) -> StoreResult<Vec<FailingAction>>;

    /// The sum of [`Counts::stored_bytes`] of the account, over its hours that began within the span: at most
    /// [`STORED_HOURS_MAX`].
    ///
    /// This estimates what the account takes on disk. It is coarse by an hour at both ends, and lacks what
    /// nodes have not written yet (seconds, which a crash loses). A row counts as
    /// [`ROW_BYTES`], whatever the store. Request headers, free pages, compression, and expired events that
    /// were not removed yet are left out. The hours are kept for as
    /// long as the events ([`crate::RetentionStore::prune`]), or longer.
    async fn stored_bytes(&self, account: AccountId, span: Range<Timestamp>) -> StoreResult<u64>;

    /// Removes the steps of this length that began before `before`, at most `limit` rows of each kind.
    /// Returns how many rows it removed: 0 once none is left.
    async fn prune_statistics(&self, step: TimeStep, before: Timestamp, limit: usize) -> StoreResult<usize>;

    /// The backlog at `now`. Takes 2 to 30 ms with 100,000 waiting deliveries among a million settled, spread
    /// over 10 to 5,000 actions (measured with Python's sqlite3 and PostgreSQL 15), and 140 ms where
    /// PostgreSQL had never analyzed the table.
    async fn backlog(&self, now: Timestamp) -> StoreResult<Backlog>;
}

#[cfg(test)]
mod tests {
    use postrider_model::EventHeaders;

    use super::*;
    use crate::rules::test_values;

    #[test]
    fn headers_count_toward_the_stored_bytes() {
        let mut event = test_values::event();
        let bare = stored_with_event(&event);
        event.headers = EventHeaders::new(vec![("X-Tenant".to_owned(), "42".to_owned())]);
        assert_eq!(stored_with_event(&event), bare + 10);
    }
}
