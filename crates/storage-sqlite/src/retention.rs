//! Pruning of old events and of the rows that deleted accounts left behind, in short steps.
//!
//! A pass looks at events in the order of acceptance and skips those with a delivery that is pending or was
//! settled lately. The writer remembers how far it came, so that the next step does not look at them again;
//! after it reaches the young events, the next pass begins with the oldest. New rows reuse the freed pages;
//! the file does not shrink.
//!
//! The order of acceptance is that of age, unless the clock was ahead for a while: events of that time are
//! young for weeks after the events behind them have become old. Once an hour, [`sweep`] therefore looks for
//! what is old in each account, by an index in which age decides.

mod sweep;

use async_trait::async_trait;
use postrider_model::Timestamp;
use postrider_storage::{Pruned, RetentionStore, StoreClock, StoreResult};
use rusqlite::{Connection, OptionalExtension};

use crate::events::list::ROWS_LOOKED_AT_MAX;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::writer::WriteCx;
use crate::{attempts, columns};

pub(crate) use self::sweep::Sweeps;
#[cfg(test)]
pub(crate) use self::sweep::{NEXT_ACCOUNT, NEXT_OF_ACCOUNT};

/// Consecutive young events after which a pass assumes that all further events are young too: concurrent
/// acceptance leaves some events out of order.
const YOUNG_IN_A_ROW: usize = 1000;

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn clock(&self, wall: Timestamp) -> StoreResult<StoreClock> {
        let confirmed = self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT at FROM confirmed_time WHERE number = 1")?;
            Ok(statement.query_row((), |row| columns::time(row, 0)).optional()?)
        });
        Ok(StoreClock {
            now: wall,
            confirmed: confirmed.await?,
        })
    }

    async fn confirm_time(&self, at: Timestamp) -> StoreResult<()> {
        self.write(move |cx| {
            let sql = "INSERT OR REPLACE INTO confirmed_time (number, at) VALUES (1, ?1)";
            cx.conn.prepare_cached(sql)?.execute((at.unix_ms(),))?;
            Ok(())
        })
        .await
    }

    async fn prune(&self, before: Timestamp, limit: usize) -> StoreResult<Pruned> {
        // Two transactions, so that a failure of one part does not undo the other.
        let of_deleted = self
            .write(move |cx| {
                let mut step = Step::new(limit, 0);
                of_deleted_accounts(cx.conn, &mut step)?;
                Ok((step.pruned, step.rows))
            })
            .await;
        let mut pruned = Pruned::default();
        let rows = of_deleted.as_ref().map_or(0, |(_, rows)| *rows);
        pruned.add(of_deleted.map(|(pruned, _)| pruned));
        let of_age = self
            .write(move |cx| {
                let mut step = Step::new(limit, rows);
                too_old(cx, before, &mut step)?;
                Ok(step.pruned)
            })
            .await;
        pruned.add(of_age);
        // What was pruned may have made room.
        let _ = self.room().await;
        Ok(pruned)
    }
}

/// The work and the limit of one step.
struct Step {
    limit: usize,
    rows: usize,
    pruned: Pruned,
}

impl Step {
    /// A step that has removed this many rows.
    fn new(limit: usize, rows: usize) -> Self {
        Self {
            limit: limit.max(1),
            rows,
            pruned: Pruned::default(),
        }
    }

    /// Whether the step has reached its limit; if so, there may be more to do.
    fn is_over(&mut self) -> bool {
        let over = self.rows >= self.limit;
        self.pruned.more |= over;
        over
    }
}

/// The columns of an event's row that removing it needs.
struct Old {
    seq: i64,
    created_at: i64,
    first_delivery: Option<[u8; 16]>,
    count: u32,
}

impl Old {
    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            created_at: row.get(1)?,
            first_delivery: row.get(2)?,
            count: row.get(3)?,
        })
    }

    /// The ids of its deliveries: the first id, and the id after the last.
    fn deliveries(&self) -> Option<([u8; 16], [u8; 16])> {
        let first = self.first_delivery?;
        let end = u128::from_be_bytes(first) + u128::from(self.count);
        Some((first, end.to_be_bytes()))
    }
}

pub(crate) const OF_ACCOUNT: &str =
    "SELECT seq, created_at, first_delivery_id, delivery_count + ifnull(missed_count, 0)
     FROM events INDEXED BY events_by_account
     WHERE account_id = ?1 ORDER BY created_at LIMIT 1";

fn of_deleted_accounts(conn: &Connection, step: &mut Step) -> SqlResult<()> {
    let mut account =
        conn.prepare_cached("SELECT account_id FROM deleted_accounts ORDER BY number LIMIT 1")?;
    let mut event = conn.prepare_cached(OF_ACCOUNT)?;
    while let Some(id) = account
        .query_row((), |row| row.get::<_, [u8; 16]>(0))
        .optional()?
    {
        if step.is_over() {
            return Ok(());
        }
        match event.query_row((id,), Old::from_row).optional()? {
            Some(old) => remove(conn, &old, step)?,
            None => {
                conn.prepare_cached("DELETE FROM deleted_accounts WHERE account_id = ?1")?
                    .execute((id,))?;
                step.rows += 1;
            }
        }
    }
    Ok(())
}

pub(crate) const NEXT: &str =
    "SELECT seq, created_at, first_delivery_id, delivery_count + ifnull(missed_count, 0)
     FROM events WHERE seq > ?1 ORDER BY seq LIMIT 1";

fn too_old(cx: &mut WriteCx<'_>, before: Timestamp, step: &mut Step) -> SqlResult<()> {
    if !cx.memory.sweeps.are_under_way() {
        in_order_of_acceptance(cx, before, step)?;
    }
    if !step.pruned.more {
        sweep::sweep(cx, before, step)?;
    }
    Ok(())
}

fn in_order_of_acceptance(cx: &mut WriteCx<'_>, before: Timestamp, step: &mut Step) -> SqlResult<()> {
    let mut next = cx.conn.prepare_cached(NEXT)?;
    let mut through = cx.memory.pruned_through;
    let mut young = 0;
    let mut looked_at = 0;
    while let Some(old) = next.query_row((through,), Old::from_row).optional()? {
        if old.created_at >= before.unix_ms() {
            young += 1;
            if young == YOUNG_IN_A_ROW {
                break;
            }
        } else {
            young = 0;
            if step.is_over() || looked_at == ROWS_LOOKED_AT_MAX {
                step.pruned.more = true;
                cx.memory.pruned_through = through;
                return Ok(());
            }
            looked_at += 1;
            if !is_kept(cx.conn, &old, before)? {
                remove(cx.conn, &old, step)?;
            }
        }
        through = old.seq;
    }
    cx.memory.pruned_through = 0;
    Ok(())
}

/// `+status` disables the index of pending deliveries, which would find all of them.
pub(crate) const KEPT: &str =
    "SELECT 1 FROM deliveries WHERE id >= ?1 AND id < ?2 AND (+status = 0 OR state_at >= ?3)";

/// Whether a delivery of the event is pending, or was settled at `before` or later.
fn is_kept(conn: &Connection, old: &Old, before: Timestamp) -> SqlResult<bool> {
    let Some((first, end)) = old.deliveries() else {
        return Ok(false);
    };
    let mut statement = conn.prepare_cached(KEPT)?;
    Ok(statement.exists((first, end, before.unix_ms()))?)
}

/// Removes an event with its deliveries and their attempts.
fn remove(conn: &Connection, old: &Old, step: &mut Step) -> SqlResult<()> {
    if let Some((first, end)) = old.deliveries() {
        let mut chains =
            conn.prepare_cached("SELECT last_attempt FROM deliveries WHERE id >= ?1 AND id < ?2")?;
        let mut rows = chains.query((first, end))?;
        while let Some(row) = rows.next()? {
            step.rows += attempts::remove(conn, row.get(0)?)?;
        }
        let deliveries = conn
            .prepare_cached("DELETE FROM deliveries WHERE id >= ?1 AND id < ?2")?
            .execute((first, end))?;
        step.rows += deliveries;
        step.pruned.deliveries += deliveries;
    }
    conn.prepare_cached("DELETE FROM events WHERE seq = ?1")?
        .execute((old.seq,))?;
    step.rows += 1;
    step.pruned.events += 1;
    Ok(())
}
