//! Dropping whole days.
//!
//! What belongs to one event can lie on two sides of midnight: its deliveries' ids are made from the time of
//! its acceptance, but never go back behind earlier ones of the same node, so that a clock which was set
//! makes them run ahead. Up to an hour of that is looked after here: events with one foot in another day are
//! removed by rows before the day is dropped.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Transaction};
use postrider_model::Timestamp;
use postrider_storage::{Pruned, StoreError, StoreResult};
use tokio_postgres::error::SqlState;

use super::rows::{self, Old};
use crate::database::{Client, Database};
use crate::partitions::day::{Day, TABLES, least_id};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// How far an event and its deliveries may lie apart.
const APART_MAX: Duration = Duration::from_secs(60 * 60);

/// Most events with one foot in another day that are removed in one step. There are hardly ever any.
const ASTRIDE_MAX: i64 = 1000;

/// Keys that go in the same transaction as their day; of more, the surplus goes before.
const KEYS_MAX: i64 = 20_000;

/// A day is looked through beside everything else, for as long as [`LOOK_MAX`] (measured: some 2 s for a
/// million events of 20,000 accounts, mostly for the accounts); then, while tables are locked, each statement
/// has [`LOCKED_MAX`]. A lock is waited for less than the second after which the server begins to look for
/// deadlocks: it is this work that gives way then, and no verb.
const LOOK_MAX: &str = "SET LOCAL statement_timeout = '120s'";
const LOCKED_MAX: &str = "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '900ms'";

/// A partition of at least so many rows is not counted, but estimated.
const COUNTED_MAX: f32 = 100_000.0;

/// What became of a day.
pub(super) enum Drop {
    /// Something went, the whole day or what had to go before: there is more to do.
    Dropped(Pruned),
    /// Something in it is pending.
    Refused,
    /// The tables were in use for too long, or another node prunes.
    InUse,
}

/// Days that have partitions and ended an hour before `before`, oldest first.
pub(super) async fn wholly_before(client: &Client, before: Timestamp) -> SqlResult<Vec<Day>> {
    let sql = "SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'events'::regclass
                   AND to_regclass('deliveries' || substr(c.relname, 7)) IS NOT NULL
                   AND to_regclass('attempts' || substr(c.relname, 7)) IS NOT NULL";
    let last_end = before.before(APART_MAX).unix_ms();
    let mut days = Vec::new();
    for row in statement::query(client, sql, &[]).await? {
        let day = Day::of_partition(row.try_get(0)?, TABLES[0].name);
        days.extend(day.filter(|day| day.ends_at() <= last_end));
    }
    days.sort_unstable();
    Ok(days)
}

/// Drops a day, or does a part of what has to go before. Not within a verb's time: looking through a big day
/// takes a while, in which nobody waits for it.
pub(super) async fn drop_day(database: &Database, day: Day) -> StoreResult<Drop> {
    if database.is_away() {
        return Err(StoreError::Unavailable("the database is away".to_owned()));
    }
    // Taken out of the pool for good: were this future dropped while the server still looks through the day,
    // whoever got the connection next would have to wait for that.
    let mut client = Client::take(database.client().await?);
    let dropped = try_drop(&mut client, day).await;
    // A transaction that was given up is rolled back on its way; this is answered behind it. The next step
    // would find its locks held otherwise, and take the day to be in use.
    let _ = client.batch_execute("").await;
    match dropped {
        Ok(dropped) => Ok(dropped),
        // Another node dropped it after this one read which days there are.
        Err(error) if error.state() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Drop::Dropped(Pruned {
            more: true,
            ..Pruned::default()
        })),
        Err(error) if is_in_use(&error) => {
            tracing::info!(%day, %error, "an old day is in use; dropping it is tried again later");
            Ok(Drop::InUse)
        }
        Err(error) => Err(error.into()),
    }
}

/// Locked out, out of time, or the victim of a deadlock.
fn is_in_use(error: &SqlError) -> bool {
    let in_use = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.state().is_some_and(|state| in_use.contains(state))
}

async fn try_drop(client: &mut ClientWrapper, day: Day) -> SqlResult<Drop> {
    let Some(transaction) = super::begin(client).await? else {
        return Ok(Drop::InUse);
    };
    transaction.batch_execute(LOOK_MAX).await?;
    if has_pending(&transaction, day).await? {
        return Ok(Drop::Refused);
    }
    let astride = astride(&transaction, day).await?;
    if !astride.is_empty() {
        let settled = rows::lock_settled(&transaction, &astride).await?;
        if settled.is_empty() {
            return Ok(Drop::Refused);
        }
        let pruned = rows::remove(&transaction, &settled).await?;
        transaction.commit().await?;
        return Ok(Drop::Dropped(Pruned { more: true, ..pruned }));
    }
    if remove_keys(&transaction, day).await? == KEYS_MAX.unsigned_abs() {
        transaction.commit().await?;
        return Ok(Drop::Dropped(Pruned {
            more: true,
            ..Pruned::default()
        }));
    }
    let pruned = Pruned {
        events: count(&transaction, &day.partition("events")).await?,
        deliveries: count(&transaction, &day.partition("deliveries")).await?,
        more: true,
        ..Pruned::default()
    };
    lock(&transaction, day).await?;
    // Nobody can ask for one more attempt from here on; somebody may have until then.
    if has_pending(&transaction, day).await? {
        return Ok(Drop::Refused);
    }
    let partitions = TABLES.map(|table| day.partition(table.name)).join(", ");
    transaction
        .batch_execute(&format!("DROP TABLE {partitions}"))
        .await?;
    transaction.commit().await?;
    tracing::info!(%day, events = pruned.events, deliveries = pruned.deliveries, "an old day was dropped");
    Ok(Drop::Dropped(pruned))
}

/// Two questions, as each has an index of its own that answers it at once.
async fn has_pending(transaction: &Transaction<'_>, day: Day) -> SqlResult<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {deliveries} WHERE status = 0 AND owner IS NULL)
             OR EXISTS (SELECT 1 FROM {deliveries} WHERE owner IS NOT NULL)",
        deliveries = day.partition("deliveries")
    );
    Ok(transaction.query_one(&sql, &[]).await?.try_get(0)?)
}

/// Events with one foot in this day and the other in another, near its beginning and its end.
async fn astride(transaction: &Transaction<'_>, day: Day) -> SqlResult<Vec<Old>> {
    let (events, deliveries) = (day.partition("events"), day.partition("deliveries"));
    let sql = format!(
        "WITH RECURSIVE {with_events}, {with_deliveries}
         SELECT {columns} FROM with_events AS a
         CROSS JOIN (VALUES ($1::bigint, $2::bigint), ($3, $4)) AS edge (since, until)
         CROSS JOIN LATERAL (
             SELECT * FROM {events} AS e
             WHERE e.account_id = a.account_id AND e.created_at >= edge.since AND e.created_at < edge.until
                 AND (e.first_delivery_id < $5 OR e.first_delivery_id >= $8)
         ) AS e
         UNION
         SELECT {columns} FROM with_deliveries AS a
         CROSS JOIN (VALUES ($5::uuid, $6::uuid), ($7, $8)) AS edge (since, until)
         CROSS JOIN LATERAL (
             SELECT * FROM {deliveries} AS d
             WHERE d.account_id = a.account_id AND d.id >= edge.since AND d.id < edge.until
                 AND (d.event_created_at < $1 OR d.event_created_at >= $4)
         ) AS d
         JOIN events AS e ON e.account_id = d.account_id AND e.created_at = d.event_created_at AND e.seq = d.event_seq
         LIMIT $9",
        with_events = accounts_in("with_events", &events),
        with_deliveries = accounts_in("with_deliveries", &deliveries),
        columns = Old::COLUMNS,
    );
    let apart_ms = i64::try_from(APART_MAX.as_millis()).unwrap_or(i64::MAX);
    let times = [
        day.begins_at(),
        day.begins_at() + apart_ms,
        day.ends_at() - apart_ms,
        day.ends_at(),
    ];
    let ids = times.map(least_id);
    let rows = transaction
        .query(
            &sql,
            &[
                &times[0],
                &times[1],
                &times[2],
                &times[3],
                &ids[0],
                &ids[1],
                &ids[2],
                &ids[3],
                &ASTRIDE_MAX,
            ],
        )
        .await?;
    rows.iter().map(Old::from_row).collect()
}

/// The accounts that a partition has rows of, one step in its primary key for each: there is no index by age
/// alone, but within an account rows are in the order of age.
fn accounts_in(name: &str, partition: &str) -> String {
    format!(
        "{name} (account_id) AS (
             (SELECT account_id FROM {partition} ORDER BY account_id LIMIT 1)
             UNION ALL
             SELECT (SELECT p.account_id FROM {partition} AS p WHERE p.account_id > {name}.account_id
                     ORDER BY p.account_id LIMIT 1)
             FROM {name} WHERE {name}.account_id IS NOT NULL
         )"
    )
}

/// Removes keys of the day's events, at most [`KEYS_MAX`].
async fn remove_keys(transaction: &Transaction<'_>, day: Day) -> SqlResult<u64> {
    let sql = "DELETE FROM event_keys WHERE (account_id, kind, key) IN (
                   SELECT account_id, kind, key FROM event_keys WHERE created_at >= $1 AND created_at < $2 LIMIT $3)";
    statement::execute(transaction, sql, &[&day.begins_at(), &day.ends_at(), &KEYS_MAX]).await
}

/// How many rows a partition has, about.
async fn count(transaction: &Transaction<'_>, partition: &str) -> SqlResult<usize> {
    let sql = "SELECT reltuples FROM pg_class WHERE oid = $1::text::regclass";
    let estimate: f32 = statement::query_one(transaction, sql, &[&partition])
        .await?
        .try_get(0)?;
    if estimate >= COUNTED_MAX {
        return Ok(estimate as usize);
    }
    let sql = format!("SELECT count(*) FROM {partition}");
    let count: i64 = transaction.query_one(&sql, &[]).await?.try_get(0)?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Locks what dropping a day locks, the tables first and in the order in which accepting an event uses them:
/// whoever works on them waits for us or we for them, and not both. Below the tables nobody works then,
/// except for the server's own upkeep, which we do not wait for.
async fn lock(transaction: &Transaction<'_>, day: Day) -> SqlResult<()> {
    let tables = TABLES.map(|table| format!("ONLY {}", table.name)).join(", ");
    let below = TABLES
        .map(|table| format!("{}_default, {}", table.name, day.partition(table.name)))
        .join(", ");
    transaction.batch_execute(LOCKED_MAX).await?;
    transaction
        .batch_execute(&format!(
            "LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
             LOCK TABLE {below} IN ACCESS EXCLUSIVE MODE NOWAIT"
        ))
        .await?;
    Ok(())
}
