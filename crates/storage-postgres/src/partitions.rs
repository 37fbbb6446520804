//! Partitions: one per day for events, deliveries and attempts, created ahead of time.
//!
//! Dropping a day's partitions takes an instant, however many rows they hold; removing the rows one by one
//! would cost as much as storing them did. Rows of days without a partition (because a clock is far off, or
//! the right to create tables is missing) are stored in the default partition. That is not an error, only
//! slower to prune, so errors here are never final and nothing here waits for long.
//!
//! A day has all three partitions or none: if one of its rows is in a default partition, all of them are.

pub(crate) mod day;

use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;

use crate::database::{Client, Database};
use crate::sql_error::SqlResult;
use crate::statement;
use day::{Day, TABLES};

/// Days after today for which partitions are created ahead of time.
const DAYS_AHEAD: i64 = 3;

/// Days before and after today for which partitions are created before a copy: a little over a year. A
/// statement that cannot determine the day looks into every partition, and locks it.
const COPIED_DAYS_MAX: i64 = 400;

/// The advisory lock of the node that creates partitions: "postrday" in ASCII.
const LOCK: i64 = 0x706f_7374_7264_6179;

/// The size of a default partition, in bytes, up to which days are still created. Attaching a day locks the
/// default partition while PostgreSQL scans it for rows of that day: about 100 ms at this size.
const DEFAULT_BYTES_MAX: i64 = 256 * 1024 * 1024;

/// Creates the missing partitions of today and the coming days, by the database's clock. The next call
/// retries what fails.
///
/// # Errors
/// Only if the connection can no longer be used.
pub(crate) async fn make_coming(database: &Database) -> SqlResult<()> {
    let mut client = database.client().await?;
    for day in missing(&client).await? {
        match make(&mut client, day).await {
            Ok(Made::Day) => tracing::info!(%day, "partitions of a day were made"),
            Ok(Made::ByAnother) => {}
            Ok(Made::NotBeside(what)) => tracing::warn!(
                %day,
                "no partitions were made, its rows will be removed one by one: {what}"
            ),
            Err(error) if error.is_of_the_connection() => return Err(error),
            // Most likely the tables are in use. The next day would fail as well.
            Err(error) => {
                tracing::warn!(%day, %error, "no partitions were made, which is tried again");
                break;
            }
        }
    }
    Ok(())
}

/// Creates the missing partitions of these days before rows are copied into them. Skips days that are too far
/// away, as after a wrong clock, because there could be any number of them: their rows are stored in the
/// default partition.
pub(crate) async fn make_for_copy(client: &mut Client, days: impl Iterator<Item = Day>) -> SqlResult<()> {
    let today = today(client).await?;
    for day in days.filter(|day| day.is_within(today, COPIED_DAYS_MAX)) {
        if let Made::NotBeside(what) = make(client, day).await? {
            tracing::warn!(%day, "no partitions were made, its rows will be removed one by one: {what}");
        }
    }
    Ok(())
}

/// How long to wait for a lock while others queue behind us. It is shorter than the second after which the
/// server begins to look for deadlocks: this work then gives way, and no verb does.
const LOCKED_MAX: &str = "SET LOCAL lock_timeout = '900ms'";

/// The result of creating a day.
enum Made {
    /// The day's partitions now exist.
    Day,
    /// Another node created them first.
    ByAnother,
    /// Rows in a default partition prevent it.
    NotBeside(&'static str),
}

/// Days that should have partitions but do not.
async fn missing(client: &Client) -> SqlResult<Vec<Day>> {
    let days: Vec<_> = today(client).await?.and_next(DAYS_AHEAD).collect();
    let names: Vec<_> = days.iter().map(|day| day.partition(TABLES[0].name)).collect();
    let sql = "SELECT to_regclass(name) IS NULL FROM unnest($1::text[]) WITH ORDINALITY AS names (name, nth) ORDER BY nth";
    let rows = statement::query(client, sql, &[&names]).await?;
    let mut missing = Vec::new();
    for (day, row) in days.into_iter().zip(&rows) {
        if row.try_get(0)? {
            missing.push(day);
        }
    }
    Ok(missing)
}

/// Today by the database's clock.
async fn today(client: &Client) -> SqlResult<Day> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    Ok(Day::at(statement::query_one(client, sql, &[]).await?.try_get(0)?))
}

async fn make(client: &mut Client, day: Day) -> SqlResult<Made> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCKED_MAX).await?;
    statement::query_one(&transaction, "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    // Checked again, because another node may have created it between the first check and the lock.
    if !is_missing(&transaction, &day.partition(TABLES[0].name)).await? {
        return Ok(Made::ByAnother);
    }
    if !defaults_are_small(&transaction).await? {
        return Ok(Made::NotBeside("a default partition is too big"));
    }
    if has_rows_in_defaults(&transaction, day).await? {
        return Ok(Made::NotBeside("some of its rows lie in a default partition"));
    }
    match transaction.batch_execute(&definition(day)).await {
        Ok(()) => {}
        // A row was added to the default partition after the check.
        Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
            return Ok(Made::NotBeside("some of its rows lie in a default partition"));
        }
        Err(error) => return Err(error.into()),
    }
    transaction.commit().await?;
    Ok(Made::Day)
}

async fn is_missing(transaction: &Transaction<'_>, name: &str) -> SqlResult<bool> {
    let row = statement::query_one(transaction, "SELECT to_regclass($1) IS NULL", &[&name]).await?;
    Ok(row.try_get(0)?)
}

async fn defaults_are_small(transaction: &Transaction<'_>) -> SqlResult<bool> {
    let sql = "SELECT greatest(pg_table_size('events_default'), pg_table_size('deliveries_default'),
                               pg_table_size('attempts_default')) <= $1::bigint";
    let row = statement::query_one(transaction, sql, &[&DEFAULT_BYTES_MAX]).await?;
    Ok(row.try_get(0)?)
}

async fn has_rows_in_defaults(transaction: &Transaction<'_>, day: Day) -> SqlResult<bool> {
    for table in &TABLES {
        let (from, to) = table.bounds(day);
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {name}_default WHERE {key} >= {from} AND {key} < {to})",
            name = table.name,
            key = table.key,
        );
        if transaction.query_one(&sql, &[]).await?.try_get(0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every delivery's row is updated several times, and claims walk over the dead versions of rows that waited.
/// PostgreSQL therefore vacuums after 2 % of the rows have changed, instead of 20 %.
const VACUUMED_OFTEN: &str =
    " WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)";

/// Creates the tables separately and then attaches them, because `CREATE TABLE … PARTITION OF` would lock the
/// whole table exclusively. The new tables are empty, so there is nothing to scan, and attaching creates
/// their indexes. Tables that others use are locked last.
fn definition(day: Day) -> String {
    let create = TABLES.iter().map(|table| {
        let (name, partition) = (table.name, day.partition(table.name));
        let options = if name == "deliveries" { VACUUMED_OFTEN } else { "" };
        format!("CREATE TABLE {partition} (LIKE {name} INCLUDING ALL EXCLUDING INDEXES){options};\n")
    });
    let attach = TABLES.iter().map(|table| {
        let (name, partition) = (table.name, day.partition(table.name));
        let (from, to) = table.bounds(day);
        format!("ALTER TABLE {name} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to});\n")
    });
    create.chain(attach).collect()
}
