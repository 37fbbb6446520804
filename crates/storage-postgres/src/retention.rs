//! Pruning of old events and of the rows that deleted accounts left behind.
//!
//! Old events are removed a day at a time ([`days`]): if a day ended an hour before `before`, its partitions
//! are dropped. A day that is only partly too old waits until all of it is, and a day with deliveries that
//! were settled late waits for up to a day: events are kept for up to two days longer than requested. The few
//! events that are still kept then move into the default partitions ([`kept`]). Rows are removed one by one
//! ([`rows`]) only where no day can be dropped: in the default partition, in old days that keep many events,
//! and for deleted accounts ([`deleted_accounts`]).
//!
//! A part that fails does not stop the others: a day that cannot be dropped is skipped until the next pass.
//!
//! A step does one such thing, and this node remembers how far its pass has come, so that the next step does
//! not look at the same rows again. Only one node prunes at a time; a concurrent step on another node does
//! nothing. Every node's pass covers the same rows, so it does not matter whose pass removes them.
//!
//! An idempotency key, or an id that the producer chose, becomes free together with its event, or a moment
//! earlier: if a day has very many keys, steps remove them before the drop.

mod days;
mod deleted_accounts;
mod kept;
mod rows;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{ClientWrapper, Transaction};
use parking_lot::Mutex;
use postrider_model::Timestamp;
use postrider_storage::{Pruned, RetentionStore, StoreClock, StoreResult};
use tokio::time::Instant;

use crate::partitions::day::Day;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;
use crate::{changes, columns, partitions};
use days::Drop;
use rows::{Key, Walk};

/// The advisory lock of the node that prunes: "postprun" in ASCII.
const LOCK: i64 = 0x706f_7374_7072_756e;

/// How often to check the partitions of the coming days, which exist for days ahead.
const DAYS_MADE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often to remove recorded changes that every node has read. They are kept for an hour.
const CHANGES_FORGOTTEN_EVERY: Duration = Duration::from_secs(5 * 60);

/// When to retry upkeep that failed.
const UPKEEP_RETRIED_AFTER: Duration = Duration::from_secs(60);

/// The progress of pruning on this node.
pub(crate) struct Progress {
    pass: Mutex<Pass>,
    days_made: Upkeep,
    changes_forgotten: Upkeep,
}

impl Progress {
    /// No progress.
    pub(crate) fn new() -> Self {
        Self {
            pass: Mutex::new(Pass::default()),
            days_made: Upkeep::default(),
            changes_forgotten: Upkeep::default(),
        }
    }
}

/// Work that is done at intervals.
#[derive(Default)]
struct Upkeep {
    /// When it is due again; `None` before the first time.
    due: Mutex<Option<Instant>>,
}

impl Upkeep {
    fn is_due(&self) -> bool {
        self.due.lock().is_none_or(|due| due <= Instant::now())
    }

    /// Notes the attempt: the work is due again after `every` or, after a failure, a little later.
    fn note(&self, succeeded: bool, every: Duration) {
        let pause = if succeeded { every } else { UPKEEP_RETRIED_AFTER };
        *self.due.lock() = Some(Instant::now() + pause);
    }
}

/// One pass over everything, oldest first: one day after the other, then the default partition.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// The pass has finished the days up to this one.
    done_through: Option<Day>,
    /// How far the pass has come in the rows of a day that cannot be dropped or (without a day) of the
    /// default partition.
    place: Option<(Option<Day>, Key)>,
}

impl Pass {
    /// Where to continue in the rows of this day.
    fn place_in(&self, day: Option<Day>) -> Key {
        match self.place {
            Some((of, place)) if of == day => place,
            _ => Key::START,
        }
    }
}

#[async_trait]
impl RetentionStore for PostgresStore {
    async fn clock(&self, _wall: Timestamp) -> StoreResult<StoreClock> {
        self.database
            .run(async || {
                let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
                                  (SELECT at FROM confirmed_time WHERE number = 1)";
                let row = statement::query_one(&self.database.client().await?, sql, &[]).await?;
                Ok(StoreClock {
                    now: columns::time(&row, 0)?,
                    confirmed: columns::time_opt(&row, 1)?,
                })
            })
            .await
    }

    async fn confirm_time(&self, at: Timestamp) -> StoreResult<()> {
        self.database
            .run(async || {
                let sql = "INSERT INTO confirmed_time (number, at) VALUES (1, $1)
                           ON CONFLICT (number) DO UPDATE SET at = excluded.at";
                statement::execute(&self.database.client().await?, sql, &[&at.unix_ms()]).await?;
                Ok(())
            })
            .await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned> {
        let limit = limit.max(1);
        let mut pruned = Pruned::default();
        pruned.add(self.make_days().await);
        pruned.add(self.forget_changes().await);
        let of_deleted = self
            .database
            .run(async || deleted_accounts::step(&mut self.database.client().await?, limit).await)
            .await;
        pruned.add(of_deleted);
        if !pruned.more {
            pruned.add(self.prune_by_age(before, limit).await);
        }
        Ok(pruned)
    }
}

impl PostgresStore {
    /// Creates the partitions of the coming days, at intervals.
    async fn make_days(&self) -> StoreResult<Pruned> {
        if !self.retention.days_made.is_due() {
            return Ok(Pruned::default());
        }
        let made = self
            .database
            .run(async || partitions::make_coming(&self.database).await)
            .await;
        self.retention.days_made.note(made.is_ok(), DAYS_MADE_EVERY);
        made.map(|()| Pruned::default())
    }

    /// Removes old recorded changes, at intervals.
    async fn forget_changes(&self) -> StoreResult<Pruned> {
        if !self.retention.changes_forgotten.is_due() {
            return Ok(Pruned::default());
        }
        let forgotten = self
            .database
            .run(async || changes::forget(&self.database.client().await?).await)
            .await;
        self.retention
            .changes_forgotten
            .note(forgotten.is_ok(), CHANGES_FORGOTTEN_EVERY);
        forgotten.map(|()| Pruned::default())
    }

    /// Runs one step of the pass.
    async fn prune_by_age(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned> {
        let mut pass = *self.retention.pass.lock();
        let (mut pruned, more) = self.prune_a_day(&mut pass, before, limit).await?;
        if !pruned.more {
            let walk = self.walk(&mut pass, None, before, limit).await;
            let is_over = walk.as_ref().is_ok_and(|walk| walk.place.is_none());
            if is_over && !more {
                pass.done_through = None;
            }
            pruned.add(walk.map(|walk| Pruned {
                more: more || walk.place.is_some(),
                ..walk.pruned
            }));
        }
        *self.retention.pass.lock() = pass;
        Ok(pruned)
    }

    /// Removes the next old day, or a part of it. A day that cannot be removed is skipped until the next
    /// pass. The flag in the result is true if further days follow.
    async fn prune_a_day(
        &self,
        pass: &mut Pass,
        before: Timestamp,
        limit: usize,
    ) -> StoreResult<(Pruned, bool)> {
        let old = self
            .database
            .run(async || days::wholly_before(&self.database.client().await?, before).await)
            .await?;
        let mut left = old.into_iter().filter(|day| Some(*day) > pass.done_through);
        let Some(day) = left.next() else {
            return Ok((Pruned::default(), false));
        };
        let has_more = left.next().is_some();
        let mut pruned = Pruned::default();
        // A day that is walked cannot be dropped before the next pass. To look again would cost a search of
        // the day, and a connection, in each step.
        let is_walked = matches!(pass.place, Some((of, _)) if of == Some(day));
        let dropped = match is_walked {
            true => Ok(Drop::Refused),
            false => days::drop_day(&self.database, day, before).await,
        };
        match dropped {
            Ok(Drop::Dropped(dropped)) => return Ok((dropped, has_more)),
            Ok(Drop::Early) => {}
            // The other days would not be free either: the next pass tries again.
            Ok(Drop::InUse) => {
                pass.done_through = Some(Day::LAST);
                return Ok((pruned, false));
            }
            Ok(Drop::Refused) => match self.walk(pass, Some(day), before, limit).await {
                Ok(walk) => {
                    if walk.place.is_none() {
                        pass.done_through = Some(day);
                    }
                    pruned.add(Ok(Pruned {
                        more: true,
                        ..walk.pruned
                    }));
                    return Ok((pruned, has_more));
                }
                Err(error) => pruned.add(Err(error)),
            },
            Err(error) => pruned.add(Err(error)),
        }
        pass.done_through = Some(day);
        Ok((pruned, has_more))
    }

    /// Continues with the rows of a day, or of the default partition.
    async fn walk(
        &self,
        pass: &mut Pass,
        day: Option<Day>,
        before: Timestamp,
        limit: usize,
    ) -> StoreResult<Walk> {
        let place = pass.place_in(day);
        let walk = self
            .database
            .run(async || rows::walk(&mut self.database.client().await?, day, before, place, limit).await)
            .await?;
        pass.place = walk.place.map(|place| (day, place));
        Ok(walk)
    }
}

/// Begins a transaction that prunes; `None` while another node prunes.
async fn begin(client: &mut ClientWrapper) -> SqlResult<Option<Transaction<'_>>> {
    let transaction = client.transaction().await?;
    let sql = "SELECT pg_try_advisory_xact_lock($1)";
    let locked = statement::query_one(&transaction, sql, &[&LOCK]).await?;
    Ok(locked.try_get::<_, bool>(0)?.then_some(transaction))
}
