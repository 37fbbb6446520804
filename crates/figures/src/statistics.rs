//! The sums that this node has counted and the store does not have yet.
//!
//! Figures are not records: this module counts things once they are on disk, and the sums are added to the
//! store every few seconds ([`crate::flush`]). A crash loses the last seconds of figures, and nothing else. A
//! reader of figures adds the sums that are still here to those in the store ([`Statistics::beside`]).
//!
//! **What counts.** An event counts when it is stored, an attempt when it is recorded, and a delivery when it
//! reaches a status that it did not have before: once for most deliveries, and once more if a resend turns a
//! failure into a success. A delivery's latency counts if the delivery succeeded while it was pending, not by
//! a resend after it had settled. Test events are not counted, except for the bytes that they store.
//!
//! The hot path takes one short lock per step of [`postrider_engine::work::advance`] and makes one look-up
//! per item; it allocates memory only for the first item of a sum. The installation's sums of an hour are
//! computed from its minutes when they are written, and so are the bytes of an account's
//! attempts from those of its actions.

mod canceled;

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_engine::observe::{RecordedResult, RecordedResults, StoredEvents};
use postrider_model::delivery::Next;
use postrider_model::{AccountId, DeliveryStatus, Outcome, Timestamp};
use postrider_storage::statistics::latency::{Histogram, bucket_of};
use postrider_storage::statistics::{
    ActionKey, Count, Counts, LatencyCount, Scope, TimeStep, stored_with_attempt, stored_with_event,
};
use postrider_storage::{Change, NewEvent, StoreResult};

/// Most sums of accounts and actions in memory, some 3 MB; for the milliseconds in which they are sorted, as
/// many again. If so many accounts and actions are busy within a
/// few seconds, or if the store is unavailable, the items of further ones are counted for the whole
/// installation only.
pub const SUMS_MAX: usize = 20_000;

/// Most minutes in memory: as many as the store keeps. Later minutes are then counted in the last of them.
pub const MINUTES_MAX: usize = 2_880;

/// Most sums of each kind in one write: a few milliseconds of the store's writer, during which acceptance
/// waits.
const BATCH_MAX: usize = 500;

/// Most tries to read figures while some of them move from here to the store.
const READS_MAX: usize = 4;

/// Pause before a read while sums are moving.
const MOVING_PAUSE: Duration = Duration::from_millis(5);

/// The sums of this node.
#[derive(Default)]
pub struct Statistics {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    counted: Counted,
    /// Sums taken out of `counted` to be written, from the end.
    taken: Batch,
    /// How many counts and latencies at the end of `taken` are being written now.
    writing: (usize, usize),
    /// Incremented when a write begins and when it ends: odd while a write is under way.
    moves: u64,
}

/// Sums that grow.
#[derive(Default)]
struct Counted {
    /// The installation's sums, by minute.
    minutes: Vec<Minute>,
    /// Sums of accounts and actions, by their hour.
    hours: HashMap<(Scope, Timestamp), Counts>,
}

struct Minute {
    at: Timestamp,
    counts: Counts,
    latencies: Histogram,
}

/// Sums for the store.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Sums of counts.
    pub counts: Vec<Count>,
    /// Sums of latencies.
    pub latencies: Vec<LatencyCount>,
}

impl Statistics {
    /// Counts events that were stored.
    pub(crate) fn count_events(&self, events: StoredEvents<'_>) {
        let mut held = self.held.lock();
        for NewEvent { event, held_back, .. } in events.iter() {
            let counts = Counts {
                events: u64::from(!event.is_test()),
                stored_bytes: stored_with_event(event),
                ..Counts::default()
            };
            held.add(Scope::Account(event.account), event.created_at, counts, None);
            for automation in held_back {
                let counts = Counts {
                    held_back: 1,
                    ..Counts::default()
                };
                let scope = Scope::Automation(event.account, *automation);
                held.add(scope, event.created_at, counts, None);
            }
        }
    }

    /// Counts what happened to deliveries.
    pub(crate) fn count_results(&self, results: RecordedResults<'_>) {
        let mut held = self.held.lock();
        for result in results.iter() {
            let (at, counts) = counts_of(&result);
            let (counts, latency) = match result.event.is_test() {
                false => (counts, latency_of(&result, at)),
                true if counts.stored_bytes > 0 => (of_bytes(counts.stored_bytes), None),
                true => continue,
            };
            held.add(Scope::Action(key_of(&result)), at, counts, latency);
        }
    }

    /// The next sums to write. They stay here until [`Self::end_write`] reports the result. For one task
    /// only.
    pub(crate) fn begin_write(&self) -> Option<Batch> {
        let mut held = self.held.lock();
        held.moves += 1;
        if held.taken.is_empty() {
            let counted = held.take();
            drop(held);
            // Sorting 20,000 sums takes some milliseconds, which must not delay those who count.
            let batch = counted.into_batch();
            held = self.held.lock();
            held.taken = batch;
        }
        let counts = held.taken.counts.len().min(BATCH_MAX);
        let latencies = held.taken.latencies.len().min(BATCH_MAX);
        held.writing = (counts, latencies);
        if held.writing == (0, 0) {
            held.moves += 1;
            return None;
        }
        Some(held.taken.last(held.writing))
    }

    /// Ends the write that [`Self::begin_write`] began. Sums that are in the store now are removed here.
    pub(crate) fn end_write(&self, are_stored: bool) {
        let mut held = self.held.lock();
        let (counts, latencies) = std::mem::take(&mut held.writing);
        held.moves += 1;
        if are_stored {
            let taken = &mut held.taken;
            taken.counts.truncate(taken.counts.len() - counts);
            taken.latencies.truncate(taken.latencies.len() - latencies);
        }
    }

    /// Reads figures from the store, and also returns the sums that are still here, of the wanted scopes.
    /// Each item is in one of the two. (If sums keep moving during the reads, which takes a store that writes
    /// faster than it reads, this returns the last read all the same.)
    pub(crate) async fn beside<T, F>(
        &self,
        wanted: impl Fn(&Scope) -> bool,
        read: impl Fn() -> F,
    ) -> StoreResult<(T, Batch)>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let mut reads = 0;
        loop {
            let before = self.held.lock().moves;
            if !before.is_multiple_of(2) && reads + 1 < READS_MAX {
                reads += 1;
                tokio::time::sleep(MOVING_PAUSE).await;
                continue;
            }
            let stored = read().await?;
            reads += 1;
            let held = self.held.lock();
            if held.moves == before || reads >= READS_MAX {
                return Ok((stored, held.all(wanted)));
            }
        }
    }
}

impl Held {
    /// Adds to the sums of the installation and of this scope.
    fn add(&mut self, scope: Scope, at: Timestamp, counts: Counts, latency: Option<Duration>) {
        let minute = self.counted.minute(TimeStep::Minute.start_of(at));
        minute.counts += counts;
        if let Some(latency) = latency {
            minute.latencies.add(bucket_of(latency), 1);
        }
        let key = (scope, TimeStep::Hour.start_of(at));
        if let Some(sum) = self.counted.hours.get_mut(&key) {
            *sum += counts;
        } else if self.counted.hours.len() + self.taken.counts.len() < SUMS_MAX {
            self.counted.hours.insert(key, counts);
        }
    }

    /// Takes all sums that grow out. The table that replaces theirs has as much memory.
    fn take(&mut self) -> Counted {
        let hours = HashMap::with_capacity(self.counted.hours.len());
        let minutes = Vec::new();
        std::mem::replace(&mut self.counted, Counted { minutes, hours })
    }

    /// All sums that are here, of the wanted scopes.
    fn all(&self, wanted: impl Fn(&Scope) -> bool) -> Batch {
        let mut all = Batch::default();
        if wanted(&Scope::Installation) {
            self.counted
                .minutes
                .iter()
                .for_each(|minute| minute.push_to(&mut all));
            all.latencies.extend(&self.taken.latencies);
        }
        for ((scope, at), counts) in &self.counted.hours {
            if wanted(scope) {
                all.push(*scope, *at, *counts);
            }
            if let Some((account, bytes)) = bytes_of_attempts(*scope, *counts)
                && wanted(&Scope::Account(account))
            {
                all.push(Scope::Account(account), *at, of_bytes(bytes));
            }
        }
        let taken = self.taken.counts.iter().filter(|count| wanted(&count.scope));
        all.counts.extend(taken);
        all
    }
}

impl Counted {
    /// The sums of the minute that began at `at`; nearly always the last one.
    fn minute(&mut self, at: Timestamp) -> &mut Minute {
        let known = self.minutes.iter().rposition(|minute| minute.at == at);
        let index = known.unwrap_or_else(|| {
            if self.minutes.len() < MINUTES_MAX {
                self.minutes.push(Minute {
                    at,
                    counts: Counts::default(),
                    latencies: Histogram::new(),
                });
            }
            self.minutes.len() - 1
        });
        &mut self.minutes[index]
    }

    /// The sums as the store has them: one for each of its rows, in the order of its key, so that neighbours
    /// are written together.
    fn into_batch(mut self) -> Batch {
        let of_attempts: Vec<_> = self
            .hours
            .iter()
            .filter_map(|((scope, at), counts)| Some((*at, bytes_of_attempts(*scope, *counts)?)))
            .collect();
        for (at, (account, bytes)) in of_attempts {
            *self.hours.entry((Scope::Account(account), at)).or_default() += of_bytes(bytes);
        }
        let mut batch = Batch::default();
        for ((scope, at), counts) in self.hours {
            batch.push(scope, at, counts);
        }
        batch
            .counts
            .sort_unstable_by_key(|count| (account_of(&count.scope), count.at, count.scope));
        for minute in self.minutes {
            minute.push_to(&mut batch);
        }
        batch
    }
}

impl Minute {
    /// Adds the minute to the batch, as sums of the minute and of its hour.
    fn push_to(&self, batch: &mut Batch) {
        for step in [TimeStep::Minute, TimeStep::Hour] {
            let at = step.start_of(self.at);
            batch.counts.push(Count {
                scope: Scope::Installation,
                step,
                at,
                counts: self.counts,
            });
            let latencies = self.latencies.filled().map(|(bucket, count)| LatencyCount {
                step,
                at,
                bucket,
                count,
            });
            batch.latencies.extend(latencies);
        }
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.latencies.is_empty()
    }

    /// Adds the sum of an hour.
    fn push(&mut self, scope: Scope, at: Timestamp, counts: Counts) {
        self.counts.push(Count {
            scope,
            step: TimeStep::Hour,
            at,
            counts,
        });
    }

    /// The last sums, this many of each kind.
    fn last(&self, (counts, latencies): (usize, usize)) -> Self {
        Self {
            counts: self.counts[self.counts.len() - counts..].to_vec(),
            latencies: self.latencies[self.latencies.len() - latencies..].to_vec(),
        }
    }
}

fn account_of(scope: &Scope) -> Option<AccountId> {
    match scope {
        Scope::Installation => None,
        Scope::Account(account) | Scope::Automation(account, _) => Some(*account),
        Scope::Action(key) => Some(key.account),
    }
}

fn key_of(result: &RecordedResult<'_>) -> ActionKey {
    ActionKey {
        account: result.finished.key.account,
        automation: result.automation,
        action: result.finished.action,
    }
}

/// For the sum of an action: its account, and the bytes of attempts to count for it too.
fn bytes_of_attempts(scope: Scope, counts: Counts) -> Option<(AccountId, u64)> {
    match scope {
        Scope::Action(key) if counts.stored_bytes > 0 => Some((key.account, counts.stored_bytes)),
        Scope::Action(_) | Scope::Automation(..) | Scope::Account(_) | Scope::Installation => None,
    }
}

fn of_bytes(stored_bytes: u64) -> Counts {
    Counts {
        stored_bytes,
        ..Counts::default()
    }
}

/// When the result happened, and what to count of it.
fn counts_of(result: &RecordedResult<'_>) -> (Timestamp, Counts) {
    let mut counts = Counts::default();
    let (at, status) = match &result.finished.change {
        Change::Canceled { at, status } => (*at, *status),
        Change::Attempted {
            attempt, progress, ..
        } => {
            counts.attempts = 1;
            counts.attempts_failed = u64::from(attempt.outcome != Outcome::Succeeded);
            counts.stored_bytes = stored_with_attempt(attempt);
            (attempt.started_at.after(attempt.duration), progress.status)
        }
    };
    let is_new = result.resend_of != Some(status);
    match status {
        DeliveryStatus::Succeeded => counts.succeeded = u64::from(is_new),
        DeliveryStatus::Failed => counts.failed = u64::from(is_new),
        DeliveryStatus::Canceled => counts.canceled = u64::from(is_new),
        DeliveryStatus::Pending => {}
    }
    (at, counts)
}

/// The time from acceptance, or from the time for which the producer asked, to success of a delivery that
/// succeeded while it was pending. Both times are whole milliseconds, so a latency may be off by one. A
/// delivery that was added to its event later has none: its event's times say nothing about it.
fn latency_of(result: &RecordedResult<'_>, at: Timestamp) -> Option<Duration> {
    let succeeded = matches!(
        &result.finished.change,
        Change::Attempted { next: Next::Settle(_), attempt, .. } if attempt.outcome == Outcome::Succeeded
    );
    let on_its_way = matches!(result.resend_of, None | Some(DeliveryStatus::Pending));
    let is_missed = result.event.has_missed(result.finished.key.delivery);
    (succeeded && on_its_way && !is_missed).then(|| at.since(result.event.due_at()))
}

#[cfg(test)]
mod tests;
