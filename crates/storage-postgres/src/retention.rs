//! Pruning: what is too old, and what deleted accounts left behind.
//!
//! Old events go a day at a time ([`days`]): when a day ended an hour before `before`, and no delivery of it is pending,
//! its partitions are dropped whole. A day of which only a part is too old waits until all of it is: events are kept
//! for up to a day longer than asked for. Rows are removed one by one ([`rows`]) only where no day can be dropped: in
//! the default partition, in old days with a pending delivery, and for deleted accounts ([`deleted_accounts`]).
//!
//! A step does one such thing, and this node remembers how far its pass came, so that the next step does not look at
//! the same rows again. Only one node prunes at a time; another's step has nothing to do then. All nodes come by the
//! same rows, so that it does not matter whose pass removes them.
//!
//! An idempotency key, or an id of the producer's, is free again with its event, or a moment before: the keys of a day
//! that has very many go in steps ahead of the drop.

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

use crate::partitions;
use crate::partitions::day::Day;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;
use days::Drop;
use rows::{Place, Walk};

/// Whoever prunes holds this lock: "postprun" in ASCII.
const LOCK: i64 = 0x706f_7374_7072_756e;

/// How often the partitions of the coming days are looked after. They reach days ahead.
const DAYS_MADE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How far this node's pruning came.
pub(crate) struct Progress {
    pass: Mutex<Pass>,
    days_made_at: Mutex<Option<Instant>>,
}

impl Progress {
    /// Nothing was looked at so far.
    pub(crate) fn new() -> Self {
        Self {
            pass: Mutex::new(Pass::default()),
            days_made_at: Mutex::new(None),
        }
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
        self.make_days().await?;
        let pruned = self
            .database
            .run(async || deleted_accounts::step(&mut self.database.client().await?, limit).await)
            .await?;
        if pruned.more {
            return Ok(pruned);
        }
        let mut pass = *self.retention.pass.lock();
        let of_age = self.prune_by_age(&mut pass, before, limit).await?;
        *self.retention.pass.lock() = pass;
        Ok(Pruned {
            events: pruned.events + of_age.events,
            deliveries: pruned.deliveries + of_age.deliveries,
            more: of_age.more,
        })
    }
}

impl PostgresStore {
    /// Makes the partitions of the coming days, now and then.
    async fn make_days(&self) -> StoreResult<()> {
        let made_at = *self.retention.days_made_at.lock();
        if made_at.is_some_and(|made_at| made_at.elapsed() < DAYS_MADE_EVERY) {
            return Ok(());
        }
        self.database
            .run(async || partitions::make_coming(&self.database).await)
            .await?;
        *self.retention.days_made_at.lock() = Some(Instant::now());
        Ok(())
    }

    /// One step of the pass.
    async fn prune_by_age(&self, pass: &mut Pass, before: Timestamp, limit: usize) -> StoreResult<Pruned> {
        let old = self
            .database
            .run(async || days::wholly_before(&self.database.client().await?, before).await)
            .await?;
        if let Some(day) = old.into_iter().find(|day| Some(*day) > pass.done_through) {
            match days::drop_day(&self.database, day).await? {
                Drop::Dropped(pruned) => return Ok(pruned),
                Drop::Refused => {
                    let walk = self.walk(pass, Some(day), before, limit).await?;
                    if walk.place.is_none() {
                        pass.done_through = Some(day);
                    }
                    return Ok(Pruned {
                        more: true,
                        ..walk.pruned
                    });
                }
                // The others would not be free either: the next pass tries again.
                Drop::InUse => pass.done_through = Some(Day::LAST),
            }
        }
        let walk = self.walk(pass, None, before, limit).await?;
        if walk.place.is_none() {
            pass.done_through = None;
        }
        Ok(Pruned {
            more: walk.place.is_some(),
            ..walk.pruned
        })
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
