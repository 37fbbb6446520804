//! Dropping whole days.
//!
//! A day in which a delivery is pending, or was settled so late that its event is not old enough yet, is not
//! dropped as it is. Deliveries that settled a few hours after their day age within a day: the drop waits for
//! that. What is kept after that is little (somebody resent an old event), and [`kept`] moves it into the
//! default partitions in the transaction that drops the day. Only a day that keeps more than that is pruned
//! row by row.
//!
//! An event and its deliveries can be on two sides of midnight: the deliveries' ids contain the time of
//! acceptance, but never go back behind earlier ids of the same node, so after a clock was set back they run
//! ahead. Up to an hour of that is handled here: such events are removed row by row before the day is
//! dropped.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Transaction};
use postrider_model::Timestamp;
use postrider_storage::{Pruned, StoreResult};
use tokio_postgres::error::SqlState;

use super::kept::{self, Kept};
use super::rows::{self, Old};
use crate::database::{Client, Database};
use crate::partitions::day::{Day, TABLES, least_id};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// How far an event and its deliveries may be apart.
const APART_MAX: Duration = Duration::from_secs(60 * 60);

/// Most events across midnight that one step removes. There are hardly ever any.
const ASTRIDE_MAX: i64 = 1000;

/// Most keys that are removed in the same transaction as their day; earlier transactions remove the surplus.
const KEYS_MAX: i64 = 20_000;

/// How long each statement may take that searches a day before the tables are locked (measured: about 2 s for
/// a million events of 20,000 accounts, mostly because of the accounts). While tables are locked, each
/// statement has [`LOCKED_MAX`]. That is shorter than the second after which the server begins to look for
/// deadlocks: this work then gives way, and no verb does.
const LOOK_MAX: &str = "SET LOCAL statement_timeout = '120s'";
const LOCKED_MAX: &str = "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '900ms'";

/// From this many rows on, a partition's rows are estimated instead of counted.
const COUNTED_MAX: f32 = 100_000.0;

/// How long a day is not dropped because deliveries were settled late, beyond its age. After that, what is
/// kept is moved out of it.
const WAITED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of dropping a day.
pub(super) enum Drop {
    /// The whole day was removed, or what must be removed before it: there is more to do.
    Dropped(Pruned),
    /// Deliveries of the day were settled late, and will soon be old enough; or somebody has just requested
    /// another attempt.
    Early,
    /// The day keeps more events than can be moved.
    Refused,
    /// The tables were in use for too long, or another node is pruning.
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

/// Drops a day, or removes a part of what must be removed before it. The time limit of verbs does not apply:
/// searching a big day takes a while, and nobody waits for it.
pub(super) async fn drop_day(database: &Database, day: Day, before: Timestamp) -> StoreResult<Drop> {
    if database.is_away() {
        return Err(database.away());
    }
    // Removed from the pool permanently: if this future were dropped while the server still searches the day,
    // the next user of the connection would have to wait for that.
    let mut client = Client::take(database.client().await?);
    let dropped = try_drop(&mut client, day, before).await;
    // An aborted transaction is rolled back in the background; the reply to this statement follows that
    // rollback. Otherwise the next step would find its locks still held, and consider the day in use.
    let _ = client.batch_execute("").await;
    match dropped {
        Ok(dropped) => Ok(dropped),
        // Another node dropped it after this node had listed the days.
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

/// Whether the error is a lock that was not available, a timeout, or a deadlock.
fn is_in_use(error: &SqlError) -> bool {
    let in_use = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.state().is_some_and(|state| in_use.contains(state))
}

async fn try_drop(client: &mut ClientWrapper, day: Day, before: Timestamp) -> SqlResult<Drop> {
    let Some(transaction) = super::begin(client).await? else {
        return Ok(Drop::InUse);
    };
    transaction.batch_execute(LOOK_MAX).await?;
    let is_young = day.ends_at() > before.before(APART_MAX + WAITED_MAX).unix_ms();
    let Some(mut kept) = kept::find(&transaction, day, before).await? else {
        return Ok(if is_young { Drop::Early } else { Drop::Refused });
    };
    if is_young && kept.are_only_late {
        return Ok(Drop::Early);
    }
    let astride = astride(&transaction, day).await?;
    if !astride.is_empty() {
        let settled = rows::lock_settled(&transaction, &astride, before).await?;
        if !settled.is_empty() {
            let pruned = rows::remove(&transaction, &settled).await?;
            transaction.commit().await?;
            return Ok(Drop::Dropped(Pruned { more: true, ..pruned }));
        }
        if !kept.add(astride) {
            return Ok(Drop::Refused);
        }
    }
    if remove_keys(&transaction, day, &kept).await? == KEYS_MAX.unsigned_abs() {
        transaction.commit().await?;
        return Ok(Drop::Dropped(Pruned {
            more: true,
            ..Pruned::default()
        }));
    }
    let counts = (
        count(&transaction, &day.partition("events")).await?,
        count(&transaction, &day.partition("deliveries")).await?,
    );
    lock(&transaction, day).await?;
    // From here on, nobody can request one more attempt; somebody may have done so before.
    match kept::find(&transaction, day, before).await? {
        Some(now) if now.are_among(&kept) => {}
        _ => return Ok(Drop::Early),
    }
    kept::take_out(&transaction, &kept).await?;
    let partitions = TABLES.map(|table| day.partition(table.name)).join(", ");
    transaction
        .batch_execute(&format!("DROP TABLE {partitions}"))
        .await?;
    kept::put_back(&transaction, &kept).await?;
    transaction.commit().await?;
    let moved = kept.count_in(day);
    let pruned = Pruned {
        events: counts.0.saturating_sub(moved.0),
        deliveries: counts.1.saturating_sub(moved.1),
        more: true,
        ..Pruned::default()
    };
    tracing::info!(
        %day,
        events = pruned.events,
        deliveries = pruned.deliveries,
        events_kept = moved.0,
        "an old day was dropped"
    );
    Ok(Drop::Dropped(pruned))
}

/// Events of which one part is in this day and another in a neighbouring day, near its beginning and its end.
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

/// The accounts with rows in a partition, with one lookup in its primary key for each: there is no index by
/// age alone, but within an account the rows are ordered by age.
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

/// Removes keys of the day's events, except those that are kept: at most [`KEYS_MAX`].
async fn remove_keys(transaction: &Transaction<'_>, day: Day, kept: &Kept) -> SqlResult<u64> {
    let sql = "DELETE FROM event_keys WHERE (account_id, kind, key) IN (
                   SELECT account_id, kind, key FROM event_keys
                   WHERE created_at >= $1 AND created_at < $2
                       AND (account_id, created_at, seq)
                           NOT IN (SELECT * FROM unnest($4::uuid[], $5::bigint[], $6::bigint[]))
                   LIMIT $3)";
    let (accounts, times, seqs) = kept.keys();
    let params: &statement::Params<'_> = &[
        &day.begins_at(),
        &day.ends_at(),
        &KEYS_MAX,
        &accounts,
        &times,
        &seqs,
    ];
    statement::execute(transaction, sql, params).await
}

/// About how many rows a partition has.
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

/// Takes the locks that dropping a day needs, the tables first and in the order in which accepting an event
/// uses them: a concurrent verb then waits for us or we for it, but never both. After that nobody uses the
/// partitions, except the server's own upkeep, which we do not wait for.
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
