//! Partitions: a day each of events, deliveries and attempts, made ahead of time.
//!
//! Dropping a day's partitions costs an instant, whatever is in them; removing their rows one by one would
//! cost as much as storing them did. Rows of days that no partition was made for (a clock far off, no right
//! to make tables) go to the default partition. That is no failure, only dearer to prune; so nothing here
//! fails for good, nor waits for long.
//!
//! A day has all three partitions or none: where one of its rows lies in a default partition, all do.

pub(crate) mod day;

use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;

use crate::database::{Client, Database};
use crate::sql_error::SqlResult;
use crate::statement;
use day::{Day, TABLES};

/// Days that have a partition ahead of today.
const DAYS_AHEAD: i64 = 3;

/// Days before and after today for which partitions are made before a copy: a year and some. Statements that
/// cannot tell the day look into each partition, and lock it.
const COPIED_DAYS_MAX: i64 = 400;

/// Whoever makes partitions holds this lock: "postrday" in ASCII.
const LOCK: i64 = 0x706f_7374_7264_6179;

/// Most bytes in a default partition beside which a day is still made. Attaching a day locks the default
/// partition while it is read through, to see that no row belongs to the day: some 100 ms for this much.
const DEFAULT_BYTES_MAX: i64 = 256 * 1024 * 1024;

/// Makes the partitions of today and the coming days that are missing, by the database's clock. What cannot
/// be made now is left to the next call.
///
/// # Errors
/// Only where the connection is of no use.
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
            // Most likely tables that are in use. The next day would meet the same.
            Err(error) => {
                tracing::warn!(%day, %error, "no partitions were made, which is tried again");
                break;
            }
        }
    }
    Ok(())
}

/// Makes the partitions of these days that are missing, for rows to be copied into them. Of days that lie too
/// far off, as of a clock that was, there is no telling how many there are: their rows go to the default
/// partition.
pub(crate) async fn make_for_copy(client: &mut Client, days: impl Iterator<Item = Day>) -> SqlResult<()> {
    let today = today(client).await?;
    for day in days.filter(|day| day.is_within(today, COPIED_DAYS_MAX)) {
        if let Made::NotBeside(what) = make(client, day).await? {
            tracing::warn!(%day, "no partitions were made, its rows will be removed one by one: {what}");
        }
    }
    Ok(())
}

/// How long a lock is waited for, and others wait behind us. It is shorter than the second after which the
/// server begins to look for deadlocks: it is this work that gives way then, and no verb.
const LOCKED_MAX: &str = "SET LOCAL lock_timeout = '900ms'";

/// What became of a day.
enum Made {
    /// It is there from now on.
    Day,
    /// Another node was faster.
    ByAnother,
    /// It cannot be made beside what lies in a default partition.
    NotBeside(&'static str),
}

/// Days that should have partitions and have none.
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

/// By the database's clock.
async fn today(client: &Client) -> SqlResult<Day> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    Ok(Day::at(statement::query_one(client, sql, &[]).await?.try_get(0)?))
}

async fn make(client: &mut Client, day: Day) -> SqlResult<Made> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCKED_MAX).await?;
    statement::query_one(&transaction, "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    // Asked again, as another node may have made it between the first question and the lock.
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
        // A row came to the default partition after we looked.
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

/// Made apart and then attached, as `CREATE TABLE … PARTITION OF` would lock the whole table out. The new
/// tables are empty, so that there is nothing to scan in them, and their indexes are made as they are
/// attached. What others use is locked last.
fn definition(day: Day) -> String {
    let create = TABLES.iter().map(|table| {
        let (name, partition) = (table.name, day.partition(table.name));
        format!("CREATE TABLE {partition} (LIKE {name} INCLUDING ALL EXCLUDING INDEXES);\n")
    });
    let attach = TABLES.iter().map(|table| {
        let (name, partition) = (table.name, day.partition(table.name));
        let (from, to) = table.bounds(day);
        format!("ALTER TABLE {name} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to});\n")
    });
    create.chain(attach).collect()
}
