//! Statistics: how much was accepted and delivered, summed up by time, so that a page of figures costs the
//! same however many events there are.
//!
//! **What is counted.** [`Counts`] of the whole installation for each minute and each hour; of each account
//! (its events alone) and of each action (its deliveries alone) for each hour. Besides, for the installation,
//! how long deliveries took ([`latency`]). A store adds what it is given to what is there, and knows no rule
//! of what counts.
//!
//! **What reading costs.** A day of the installation is 1,440 rows, 30 days are 720. What an account shows of
//! its last day lies in one range, and which actions fail is found among those hours alone in which one
//! failed.
//!
//! They are figures to look at, not records: whoever counts may lose the last seconds in a crash, and may add
//! something twice where the answer of [`StatisticsStore::add_statistics`] got lost. They also outlive what
//! they count, by name: accounts and actions in them may be deleted by now.

pub mod latency;

use std::ops::{AddAssign, Range};

use async_trait::async_trait;
use postrider_model::{AccountId, ActionId, AutomationId, Timestamp};

use crate::error::StoreResult;
use latency::{Bucket, Histogram};

/// Most steps that [`StatisticsStore::statistics`] gives: two days of minutes, which are kept no longer.
pub const STEPS_MAX: usize = 2_880;

/// Most hours of failing actions that [`StatisticsStore::failing_actions`] looks at, the newest: a hundred
/// actions that fail in each of 20 days' hours, some 30 ms.
pub const FAILING_HOURS_MAX: usize = 50_000;

/// Most pending deliveries that [`StatisticsStore::backlog`] counts: past that, people only want to know that
/// it is a lot. With 100,000, PostgreSQL took 25 ms, and 130 where the rows were so new that it had to look
/// at each.
pub const BACKLOG_COUNTED_MAX: usize = 20_000;

/// Most actions with waiting deliveries that [`StatisticsStore::backlog`] has to look at for the oldest: some
/// 45 µs each in PostgreSQL, where none looks at more unless it comes by them anyway.
pub const BACKLOG_ACTIONS_MAX: usize = 500;

/// For how long something is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TimeStep {
    /// A minute.
    Minute = 0,
    /// An hour.
    Hour = 1,
}

impl TimeStep {
    /// The number that a store keeps.
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

    /// When the step began that this time falls into.
    pub const fn start_of(self, time: Timestamp) -> Timestamp {
        let ms = time.unix_ms();
        Timestamp::from_unix_ms(ms - ms.rem_euclid(self.length_ms()))
    }
}

/// An action, with what it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKey {
    /// Whose it is.
    pub account: AccountId,
    /// The automation it is part of.
    pub automation: AutomationId,
    /// Which one.
    pub action: ActionId,
}

/// Whose counts they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole installation's.
    Installation,
    /// An account's.
    Account(AccountId),
    /// An action's.
    Action(ActionKey),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Events accepted.
    pub events: u64,
    /// Deliveries that came to this status.
    pub succeeded: u64,
    /// The same.
    pub failed: u64,
    /// The same.
    pub canceled: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Those of them that were no receipt.
    pub attempts_failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.canceled += other.canceled;
        self.attempts += other.attempts;
        self.attempts_failed += other.attempts_failed;
    }
}

/// Counts to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Whose.
    pub scope: Scope,
    /// For how long they are summed up.
    pub step: TimeStep,
    /// When that step began ([`TimeStep::start_of`]).
    pub at: Timestamp,
    /// How much.
    pub counts: Counts,
}

/// Latencies to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyCount {
    /// For how long they are summed up.
    pub step: TimeStep,
    /// When that step began.
    pub at: Timestamp,
    /// About how long deliveries took, from acceptance to the receipt.
    pub bucket: Bucket,
    /// How many.
    pub count: u64,
}

/// An action of which deliveries failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailingAction {
    /// Which one.
    pub key: ActionKey,
    /// How many of its deliveries failed.
    pub failed: u64,
    /// How many succeeded in the same time.
    pub succeeded: u64,
}

/// What is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Pending deliveries, owned or waiting: at most [`BACKLOG_COUNTED_MAX`].
    pub pending: usize,
    /// Whether there are more than that.
    pub is_more: bool,
    /// Since when the one that has been due for longest waits in the store: of all, or of those that are for
    /// the first [`BACKLOG_ACTIONS_MAX`] actions. `None` where nothing that was looked at is due yet.
    pub oldest_due: Option<Timestamp>,
}

/// Sums of what happened, and what is still to be done.
#[async_trait]
pub trait StatisticsStore: Send + Sync {
    /// Adds to what is there, all or (on an error) nothing. The same key may come several times.
    async fn add_statistics(&self, counts: Vec<Count>, latencies: Vec<LatencyCount>) -> StoreResult<()>;

    /// The steps of the span in which something was counted, oldest first: at most [`STEPS_MAX`].
    async fn statistics(
        &self,
        scope: Scope,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Counts)>>;

    /// How long deliveries of the span took.
    async fn latencies(&self, step: TimeStep, span: Range<Timestamp>) -> StoreResult<Histogram>;

    /// What each action of the account did in the hours that began within the span, in no order.
    async fn action_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(ActionKey, Counts)>>;

    /// The actions of which most deliveries failed in the hours that began within the span, those with most
    /// first: at most `limit`, out of the newest [`FAILING_HOURS_MAX`] hours in which an action failed.
    async fn failing_actions(&self, span: Range<Timestamp>, limit: usize) -> StoreResult<Vec<FailingAction>>;

    /// Removes the steps of this length that began before `before`, at most `limit` rows of each kind.
    /// Answers how many rows went: 0 once there is nothing left to remove.
    async fn prune_statistics(&self, step: TimeStep, before: Timestamp, limit: usize) -> StoreResult<usize>;

    /// What is still to be done at `now`: 2 to 30 ms with 100,000 waiting among a million settled, spread
    /// over 10 to 5,000 actions (measured with Python's sqlite3 and PostgreSQL 15); 140 where PostgreSQL had
    /// never analyzed the table.
    async fn backlog(&self, now: Timestamp) -> StoreResult<Backlog>;
}
