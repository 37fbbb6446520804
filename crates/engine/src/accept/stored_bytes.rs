//! The limit on what an account may store, so that one account cannot fill the disk of all.
//!
//! The statistics say what an account stored within the retention
//! ([`postrider_storage::StatisticsStore::stored_bytes`]). This node reads that sum when the account reports
//! an event, at most once a minute, and adds to it what it stores for the account in between. So it is late
//! by up to a minute with what other nodes store, and by seconds with what no node had written when it read
//! the sum. Requests that arrive together find the same room and may exceed the limit together. What was
//! accepted is carried out whatever the limit: attempts and resends count, but are never refused.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::AccountId;
use postrider_storage::statistics::{TimeStep, stored_with_attempt, stored_with_event};
use postrider_storage::{Appended, Change, NewEvent, StoreResult};

use super::{AcceptError, Accepted, Rejection};
use crate::engine::Engine;
use crate::observe::{RecordedResults, StoredEvents};
use crate::work::append::accepted;

/// How long a sum is used before it is read again.
const READ_EVERY: Duration = Duration::from_secs(60);

/// When an account that has reached the limit can store again: its oldest hour expires within an hour.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Most accounts in memory, some 10 MB. When there are more that reported an event within a minute, all are
/// read again.
const ACCOUNTS_MAX: usize = 100_000;

/// The number of accounts from which on those that are idle are dropped.
const SWEEP_MIN: usize = 1_000;

/// What accounts have stored, as far as this node knows.
#[derive(Debug)]
pub(crate) struct StoredBytes {
    /// The limit of each account.
    max: u64,
    usages: Mutex<Usages>,
}

/// What accounts have stored, by account.
#[derive(Debug, Default)]
struct Usages {
    by_account: HashMap<AccountId, Usage>,
    /// The number of accounts at which to look for idle ones.
    sweep_at: usize,
}

#[derive(Debug)]
struct Usage {
    bytes: u64,
    /// When `bytes` was read, on the monotonic clock, or when a caller began to read it again.
    read_at: Duration,
    /// Whether the log says that the account has reached the limit.
    is_logged: bool,
}

impl StoredBytes {
    pub(crate) fn new(max: u64) -> Self {
        Self {
            max,
            usages: Mutex::default(),
        }
    }

    /// Counts events that were stored.
    pub(crate) fn count_events(&self, events: StoredEvents<'_>) {
        let mut usages = self.usages.lock();
        for NewEvent { event, .. } in events.iter() {
            usages.add(event.account, stored_with_event(event));
        }
    }

    /// Counts attempts that were recorded.
    pub(crate) fn count_results(&self, results: RecordedResults<'_>) {
        let mut usages = self.usages.lock();
        for result in results.iter() {
            if let Change::Attempted { attempt, .. } = &result.finished.change {
                usages.add(result.finished.key.account, stored_with_attempt(attempt));
            }
        }
    }
}

impl Usages {
    /// The bytes of an account, if they are known here and not due to be read again. One caller gets `None`
    /// when they are due; the others go on with the known number until it has read them.
    fn bytes(&mut self, account: AccountId, now: Duration) -> Option<u64> {
        let usage = self.by_account.get_mut(&account)?;
        if usage.read_at + READ_EVERY <= now {
            usage.read_at = now;
            return None;
        }
        Some(usage.bytes)
    }

    /// Sets the bytes of an account as just read.
    fn set(&mut self, account: AccountId, bytes: u64, now: Duration) {
        if let Some(usage) = self.by_account.get_mut(&account) {
            usage.bytes = bytes;
            usage.read_at = now;
            return;
        }
        if self.by_account.len() >= self.sweep_at.max(SWEEP_MIN) {
            self.by_account
                .retain(|_, usage| usage.read_at + READ_EVERY > now);
            if self.by_account.len() >= ACCOUNTS_MAX {
                self.by_account.clear();
            }
            self.sweep_at = (2 * self.by_account.len()).min(ACCOUNTS_MAX);
        }
        let usage = Usage {
            bytes,
            read_at: now,
            is_logged: false,
        };
        self.by_account.insert(account, usage);
    }

    /// Adds what this node stored for an account. The bytes of other accounts will be read.
    fn add(&mut self, account: AccountId, bytes: u64) {
        if let Some(usage) = self.by_account.get_mut(&account) {
            usage.bytes = usage.bytes.saturating_add(bytes);
        }
    }

    /// Notes whether the account has reached the limit. Returns whether the log has to say so.
    fn note(&mut self, account: AccountId, is_reached: bool) -> bool {
        let Some(usage) = self.by_account.get_mut(&account) else {
            return false;
        };
        let was_logged = std::mem::replace(&mut usage.is_logged, is_reached);
        is_reached && !was_logged
    }
}

/// What one call may store for its account.
pub(super) struct Room {
    /// The limit, and what is left of it; `None` without a limit.
    limit: Option<(u64, u64)>,
    /// Events that did not fit but may repeat a stored one, by their index in the call.
    refused: Vec<(usize, NewEvent)>,
}

impl Room {
    /// The room of an account now.
    ///
    /// # Errors
    /// The store could not read what the account has stored, and nothing is known here.
    pub(super) async fn of(engine: &Engine, account: AccountId) -> StoreResult<Self> {
        let limit = match engine.stored_bytes() {
            None => None,
            Some(stored) => {
                let bytes = bytes_of(engine, stored, account).await?;
                let is_reached = bytes >= stored.max;
                if stored.usages.lock().note(account, is_reached) {
                    tracing::warn!(%account, bytes, max = stored.max, "refusing the events of an account that has reached the limit on stored bytes");
                }
                Some((stored.max, stored.max.saturating_sub(bytes)))
            }
        };
        Ok(Self {
            limit,
            refused: Vec::new(),
        })
    }

    /// Takes room for the event at `index` of the call. An event that finds some room is stored, however
    /// large it is.
    pub(super) fn take(&mut self, index: usize, new: NewEvent) -> Result<NewEvent, Rejection> {
        match &mut self.limit {
            Some((max, 0)) => {
                if new.id_is_callers || new.idempotency_key.is_some() {
                    self.refused.push((index, new));
                }
                Err(Rejection::StoredBytesExceeded {
                    max: *max,
                    retry_after: RETRY_AFTER,
                })
            }
            Some((_, left)) => {
                *left = left.saturating_sub(stored_with_event(&new.event));
                Ok(new)
            }
            None => Ok(new),
        }
    }

    /// Gives refused events that repeat a stored one the result that they would have had without a limit.
    pub(super) async fn find_repeated(self, engine: &Engine, results: &mut [Result<Accepted, Rejection>]) {
        if self.refused.is_empty() {
            return;
        }
        let (indexes, refused): (Vec<_>, Vec<_>) = self.refused.into_iter().unzip();
        let known = match engine.store().known_events(refused).await {
            Ok(known) => known.into_iter().map(result_of).collect(),
            Err(error) => {
                let not_stored = Rejection::NotStored(AcceptError::Store(error));
                vec![Some(Err(not_stored)); indexes.len()]
            }
        };
        for (index, known) in indexes.into_iter().zip(known) {
            if let (Some(result), Some(known)) = (results.get_mut(index), known) {
                *result = known;
            }
        }
    }
}

/// The bytes of an account, from memory or from the store.
async fn bytes_of(engine: &Engine, stored: &StoredBytes, account: AccountId) -> StoreResult<u64> {
    if let Some(bytes) = stored.usages.lock().bytes(account, engine.clock().monotonic()) {
        return Ok(bytes);
    }
    let now = engine.clock().now();
    let oldest = TimeStep::Hour.start_of(now.before(engine.settings().retention));
    // Other nodes may be a little ahead.
    let span = oldest..now.after(Duration::from_millis(TimeStep::Hour.length_ms().unsigned_abs()));
    let read = engine.store().stored_bytes(account, span).await;
    let monotonic = engine.clock().monotonic();
    let mut usages = stored.usages.lock();
    match read {
        Ok(bytes) => {
            usages.set(account, bytes, monotonic);
            Ok(bytes)
        }
        // What was known before serves for another minute.
        Err(error) => usages.bytes(account, monotonic).ok_or(error),
    }
}

fn result_of(known: Option<Appended>) -> Option<Result<Accepted, Rejection>> {
    match known? {
        Appended::Known(event) => Some(Ok(accepted(&event, true))),
        Appended::Conflict => Some(Err(Rejection::Conflict)),
        Appended::Stored => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn account(n: usize) -> AccountId {
        AccountId::from_u128(n as u128)
    }

    #[test]
    fn one_caller_a_minute_reads_what_an_account_stored() {
        let mut usages = Usages::default();
        usages.add(account(1), 5);
        assert_eq!(usages.bytes(account(1), S(10)), None, "nothing was read yet");
        usages.set(account(1), 100, S(10));
        usages.add(account(1), 7);
        assert_eq!(usages.bytes(account(1), S(69)), Some(107));
        assert_eq!(usages.bytes(account(1), S(70)), None, "it is due");
        assert_eq!(usages.bytes(account(1), S(71)), Some(107), "another caller reads");
        usages.set(account(1), 50, S(72));
        assert_eq!(usages.bytes(account(1), S(131)), Some(50));
        assert_eq!(usages.bytes(account(1), S(132)), None);
    }

    #[test]
    fn idle_accounts_are_dropped_and_busy_ones_bounded() {
        let mut usages = Usages::default();
        for n in 0..SWEEP_MIN {
            usages.set(account(n), 1, S(0));
        }
        usages.set(account(SWEEP_MIN - 1), 1, S(50));
        usages.set(account(SWEEP_MIN), 1, S(60));
        assert_eq!(usages.by_account.len(), 2);
        for n in 0..2 * ACCOUNTS_MAX {
            usages.set(account(n), 1, S(61));
            assert!(usages.by_account.len() <= ACCOUNTS_MAX);
        }
    }

    #[test]
    fn the_log_says_once_that_an_account_reached_the_limit() {
        let mut usages = Usages::default();
        assert!(!usages.note(account(1), true), "unknown accounts are read first");
        usages.set(account(1), 100, S(0));
        let noted = [false, true, true, false, true].map(|is_reached| usages.note(account(1), is_reached));
        assert_eq!(noted, [false, true, false, false, true]);
    }
}
