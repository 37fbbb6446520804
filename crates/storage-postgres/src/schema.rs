//! Migrations: forward only, each in its own transaction, and safe when several nodes start at once.
//!
//! To add one: add a file to `migrations/` with the next number, and a line in [`MIGRATIONS`]. It may run
//! while nodes of the previous version are running: add, but never remove what they use; build indexes of big
//! tables partition by partition; and hold no lock on a big table for longer than an instant. `lock_timeout`
//! is short here, so that a migration gives up and is retried, instead of making everyone queue behind it.

use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use crate::database::{Client, Database};
use crate::sql_error::{SqlError, SqlResult};

/// All migrations, in order: the schema's version is the number that have run.
const MIGRATIONS: [&str; SCHEMA_VERSION as usize] = [include_str!("../migrations/0001_initial.sql")];

/// The advisory lock of the node that migrates: "postride" in ASCII.
const LOCK: i64 = 0x706f_7374_7269_6465;

/// How often to retry a migration that found a table in use, and after what pause.
const LOCKED_RETRIES: u32 = 60;
const LOCKED_PAUSE: Duration = Duration::from_secs(1);

/// The newest version that this program knows.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationReport {
    /// The version before; 0 for an empty database.
    pub from: u32,
    /// The version now.
    pub to: u32,
}

/// Migrates the schema to the newest version. A database that a newer Postrider migrated stays unchanged:
/// versions work side by side. If nothing is missing, this locks nothing and needs no right to create tables.
pub(crate) async fn migrate(database: &Database) -> SqlResult<MigrationReport> {
    // Removed from the pool permanently: the session keeps its settings and, after a failure, the lock.
    let client = Client::take(database.client().await?);
    let found = version(&client).await?;
    if found >= SCHEMA_VERSION {
        return Ok(MigrationReport {
            from: found,
            to: found,
        });
    }
    client
        .batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
        .await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    client.batch_execute("SET lock_timeout = '2s'").await?;
    run_missing(&client).await
}

async fn run_missing(client: &tokio_postgres::Client) -> SqlResult<MigrationReport> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .await?;
    let from = version(client).await?;
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > from {
            run_one(client, version, sql).await?;
        }
    }
    Ok(MigrationReport {
        from,
        to: from.max(SCHEMA_VERSION),
    })
}

/// The version of the schema; 0 for an empty database.
pub(crate) async fn version(client: &tokio_postgres::Client) -> SqlResult<u32> {
    let row = client
        .query_one("SELECT to_regclass('schema_migrations') IS NOT NULL", &[])
        .await?;
    if !row.try_get(0)? {
        return Ok(0);
    }
    let row = client
        .query_one("SELECT coalesce(max(version), 0) FROM schema_migrations", &[])
        .await?;
    let version: i32 = row.try_get(0)?;
    u32::try_from(version).map_err(|_| SqlError::Damaged("a schema version"))
}

async fn run_one(client: &tokio_postgres::Client, version: u32, sql: &str) -> SqlResult<()> {
    let sql = format!("BEGIN; {sql}; INSERT INTO schema_migrations (version) VALUES ({version}); COMMIT");
    for _ in 0..LOCKED_RETRIES {
        match client.batch_execute(&sql).await {
            Ok(()) => {
                tracing::info!(version, "the database's schema was migrated");
                return Ok(());
            }
            Err(error) => {
                client.batch_execute("ROLLBACK").await?;
                if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    return Err(error.into());
                }
                sleep(LOCKED_PAUSE).await;
            }
        }
    }
    Err(SqlError::TimedOut)
}

/// The version of the schema; 0 for an empty database.
pub(crate) async fn current_version(database: &Database) -> SqlResult<u32> {
    version(&*database.client().await?).await
}
