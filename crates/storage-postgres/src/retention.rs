//! Pruning: what is too old, and what deleted accounts left behind.
//!
//! Old events go a day at a time ([`days`]): when a day ended an hour before `before`, and no delivery of it
//! is pending, its partitions are dropped whole. A day of which only a part is too old waits until all of it
//! is: events are kept for up to a day longer than asked for. Rows are removed one by one ([`rows`]) only
//! where no day can be dropped: in the default partition, in old days with a pending delivery, and for
//! deleted accounts ([`deleted_accounts`]).
//!
//! A part that fails does not stop the others: a day that cannot be dropped is passed over until the next
//! pass.
//!
//! A step does one such thing, and this node remembers how far its pass came, so that the next step does not
//! look at the same rows again. Only one node prunes at a time; another's step has nothing to do then. All
//! nodes come by the same rows, so that it does not matter whose pass removes them.
//!
//! An idempotency key, or an id of the producer's, is free again with its event, or a moment before: the keys
//! of a day that has very many go in steps ahead of the drop.

mod days;
mod deleted_accounts;
mod rows;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{ClientWrapper, Transaction};
use parking_lot::Mutex;
use postrider_model::Timestamp;
use postrider_storage::{Pruned, RetentionStore, StoreResult};
use tokio::time::Instant;

use crate::partitions::day::Day;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;
use crate::{changes, partitions};
use days::Drop;
use rows::{Place, Walk};

/// Whoever prunes holds this lock: "postprun" in ASCII.
const LOCK: i64 = 0x706f_7374_7072_756e;

/// How often the partitions of the coming days are looked after. They reach days ahead.
const DAYS_MADE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often notes of changes that every node has read are removed. They are kept for an hour.
const CHANGES_FORGOTTEN_EVERY: Duration = Duration::from_secs(5 * 60);

/// When upkeep that failed is tried again.
const UPKEEP_RETRIED_AFTER: Duration = Duration::from_secs(60);

/// How far this node's pruning came.
pub(crate) struct Progress {
    pass: Mutex<Pass>,
    days_made: Upkeep,
    changes_forgotten: Upkeep,
}

impl Progress {
    /// Nothing was looked at so far.
    pub(crate) fn new() -> Self {
        Self {
            pass: Mutex::new(Pass::default()),
            days_made: Upkeep::default(),
            changes_forgotten: Upkeep::default(),
        }
    }
}

/// Work that is done now and then.
#[derive(Default)]
struct Upkeep {
    /// When it is due again; `None` before it was done for the first time.
    due: Mutex<Option<Instant>>,
}

impl Upkeep {
    fn is_due(&self) -> bool {
        self.due.lock().is_none_or(|due| due <= Instant::now())
    }

    /// It was tried: it is due again after `every` or, where it failed, a little later.
    fn note(&self, succeeded: bool, every: Duration) {
        let pause = if succeeded { every } else { UPKEEP_RETRIED_AFTER };
        *self.due.lock() = Some(Instant::now() + pause);
    }
}

/// One look at everything there is, oldest first: a day after the other, then the default partition.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// Days up to this one are done.
    done_through: Option<Day>,
    /// How far the rows came of a day that cannot be dropped, or (without a day) of the default partition.
    place: Option<(Option<Day>, Place)>,
}

impl Pass {
    /// Where to go on in the rows of this day.
    fn place_in(&self, day: Option<Day>) -> Place {
        match self.place {
            Some((of, place)) if of == day => place,
            _ => Place::START,
        }
    }
}

#[async_trait]
impl RetentionStore for PostgresStore {
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
    /// Makes the partitions of the coming days, now and then.
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

    /// Removes old notes of changes, now and then.
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

    /// One step of the pass.
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

    /// Removes the next old day, or a part of it. A day that cannot be removed is passed over until the next
    /// pass; true beside it where further days follow.
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
        match days::drop_day(&self.database, day).await {
            Ok(Drop::Dropped(dropped)) => return Ok((dropped, has_more)),
            // The others would not be free either: the next pass tries again.
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

    /// Goes on with the rows of a day, or of the default partition.
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

/// A transaction that prunes; `None` while another node has one.
async fn begin(client: &mut ClientWrapper) -> SqlResult<Option<Transaction<'_>>> {
    let transaction = client.transaction().await?;
    let sql = "SELECT pg_try_advisory_xact_lock($1)";
    let locked = statement::query_one(&transaction, sql, &[&LOCK]).await?;
    Ok(locked.try_get::<_, bool>(0)?.then_some(transaction))
}
