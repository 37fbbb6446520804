//! The requirements on a database, checked once at the start.
//!
//! **No pooler that shares connections between transactions** (PgBouncer's modes `transaction` and
//! `statement`). Prepared statements, `LISTEN`, advisory locks and settings belong to a session. Behind such
//! a pooler they seem to work at low load, and get lost under high load. In mode `session`, a pooler gives
//! each connection its own server process until the connection ends, and everything works.
//!
//! A pooler does not report its mode, so two connections find it out. The first asks which process serves it,
//! and asks again while the second holds a transaction open. A pooler that shares connections moves the
//! second to the process that the first has just left (PgBouncer uses the last one), or moves the first from
//! one process to another (`server_round_robin`). With other clients around, one comparison may miss that;
//! [`LOOKS`] comparisons do not.
//!
//! **Tables of a release.** The first schema changed in place until its first release.
//!
//! **The encoding UTF8.** In any other encoding, statements with texts that PostgreSQL cannot convert would
//! fail one by one, long after the start.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::database::Database;
use crate::sql_error::{SqlError, SqlResult};

/// How often to compare the two connections.
const LOOKS: usize = 5;

/// Why the store cannot work in a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// A pooler between node and database shares connections between transactions.
    #[error(
        "a connection pooler shares connections between transactions, as PgBouncer does with pool_mode=transaction. \
         Postrider needs a session of its own for each connection: set pool_mode=session, or connect to PostgreSQL \
         directly"
    )]
    Pooler,
    /// The database stores texts in an encoding other than UTF-8.
    #[error(
        "its encoding is {found}, and Postrider needs UTF8: create it with CREATE DATABASE … ENCODING 'UTF8'"
    )]
    Encoding {
        /// The database's encoding.
        found: String,
    },
    /// A development version of Postrider created the tables: the schema has the number of a released one,
    /// but not its columns.
    #[error(
        "a development version of Postrider created its tables (`{missing}` is missing), and no release can use them: \
         start with an empty database"
    )]
    Unreleased {
        /// A column that is missing, behind the name of its table or index.
        missing: String,
    },
}

/// Why the database is unsuitable; `None` if it is suitable.
pub(crate) async fn unsuitable(database: &Database) -> SqlResult<Option<Unsuitable>> {
    let (first, second) = (database.client().await?, database.client().await?);
    if are_shared(&first, &second).await? {
        return Ok(Some(Unsuitable::Pooler));
    }
    let found = value(&first, "SHOW server_encoding").await?;
    if found != "UTF8" {
        return Ok(Some(Unsuitable::Encoding { found }));
    }
    let missing = value(&first, MISSING).await?;
    Ok((!missing.is_empty()).then_some(Unsuitable::Unreleased { missing }))
}

/// Logs settings of the server with which a crash loses what was acknowledged.
pub(crate) async fn warn_of_risks(database: &Database) -> SqlResult<()> {
    let client = database.client().await?;
    if value(&client, "SHOW fsync").await? == "off" {
        tracing::error!(
            "fsync is off: a crash of the database's machine can destroy the database; set fsync = on"
        );
    }
    if value(&client, "SHOW synchronous_commit").await? == "off" {
        tracing::warn!(
            "synchronous_commit is off: a crash of the database loses events that were acknowledged; run ALTER ROLE … \
             SET synchronous_commit = on"
        );
    }
    Ok(())
}

/// A column or index that the first schema gained before its first release, and that a database with that
/// schema lacks. Empty if it has them all, or no schema yet.
///
/// To change that schema once more before the release, add a column of what is new here.
const MISSING: &str = "
    SELECT coalesce(min(name || '.' || attribute), '')
    FROM (VALUES ('confirmed_time', 'at'), ('attempts', 'fenced'), ('rate_limits', 'free_ns'),
                 ('action_health', 'disabled_at')) AS needed (name, attribute)
    WHERE to_regclass('schema_migrations') IS NOT NULL AND to_regclass('deliveries') IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM pg_attribute
                        WHERE attrelid = to_regclass(name) AND attname = attribute AND NOT attisdropped)";

/// Whether a pooler between these connections and the server shares its own connections between them.
async fn are_shared(first: &Client, second: &Client) -> SqlResult<bool> {
    for _ in 0..LOOKS {
        let before = process(first).await?;
        match second.batch_execute("BEGIN").await {
            // PgBouncer's pool_mode=statement rejects transactions.
            Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => return Ok(true),
            begun => begun?,
        }
        let other = process(second).await?;
        let meanwhile = process(first).await?;
        second.batch_execute("ROLLBACK").await?;
        if before == other || before != meanwhile {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The server's process behind a connection: its number and its start time, because another server may have a
/// process with the same number.
async fn process(client: &Client) -> SqlResult<String> {
    let sql = "SELECT pid || ' since ' || backend_start FROM pg_stat_get_activity(pg_backend_pid())";
    value(client, sql).await
}

/// The single value that a statement returns. Uses PostgreSQL's simple protocol, because a pooler may lose
/// prepared statements.
async fn value(client: &Client, sql: &str) -> SqlResult<String> {
    let messages = client.simple_query(sql).await?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.ok_or(SqlError::Damaged("no value"))?.to_owned())
}
