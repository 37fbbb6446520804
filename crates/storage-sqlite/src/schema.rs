//! Schema versions and migrations.
//!
//! A database stores its version in `user_version`. Migrations only go forward, in one transaction.
//!
//! To add a migration: write `migrations/000N_*.sql`, append it to [`STEPS`], and freeze a database of the
//! previous schema, with rows in every table, as `tests/fixtures/schema_N-1.sql`; `tests/migrations.rs` opens
//! it.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::open::OpenError;

const STEPS: &[M<'_>] = &[M::up(include_str!("../migrations/0001_initial.sql"))];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// The schema that this code reads and writes.
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// The result of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationReport {
    /// The schema before; 0 for a new database.
    pub from: u32,
    /// The schema now.
    pub to: u32,
}

/// The schema of an open database; 0 for an empty one.
pub(crate) fn version(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Tables, columns and indexes that the first schema gained before its first release. A database without one
/// of them has the version of that schema, and is not it.
///
/// To change that schema once more before the release, add what is new here.
const SINCE_DEVELOPMENT: [(&str, Option<&str>); 8] = [
    ("confirmed_time", None),
    ("attempts", Some("fenced")),
    ("action_health", None),
    ("events", Some("missed_count")),
    ("connections", Some("hosts")),
    ("master_key", None),
    ("deliveries_unhappy", None),
    ("requests", None),
];

/// Checks that a database with a schema of this code, or an older one, has the tables of that schema.
///
/// # Errors
/// [`OpenError::Unreleased`].
pub(crate) fn check(conn: &Connection) -> Result<(), OpenError> {
    let mut by_name = conn.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?;
    for (name, column) in SINCE_DEVELOPMENT {
        let exists = match column {
            Some(column) => conn.column_exists(None::<&str>, name, column)?,
            None => by_name.exists((name,))?,
        };
        if !exists {
            let missing = column.unwrap_or(name);
            return Err(OpenError::Unreleased { missing });
        }
    }
    Ok(())
}

/// Brings an open database to [`SCHEMA_VERSION`].
///
/// # Errors
/// [`OpenError::TooNew`] if its schema is newer than that, [`OpenError::Unreleased`] if no release wrote it.
/// After any error the database is unchanged.
pub(crate) fn migrate(conn: &mut Connection) -> Result<MigrationReport, OpenError> {
    let found = version(conn)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::TooNew {
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found > 0 {
        check(conn)?;
    }
    if found < SCHEMA_VERSION {
        MIGRATIONS
            .to_latest(conn)
            .map_err(|error| OpenError::Migration(Box::new(error)))?;
        tracing::info!(
            from = found,
            to = SCHEMA_VERSION,
            "the database schema was migrated"
        );
    }
    Ok(MigrationReport {
        from: found,
        to: SCHEMA_VERSION,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_applies_to_the_one_before() {
        MIGRATIONS.validate().unwrap();
    }
}
