//! The checks of a backup, on its copy: what is checked is what will be served.

use std::fs::File;
use std::path::Path;

use postrider_model::Timestamp;
use postrider_storage::Sealer;
use postrider_storage::sealing::Context;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::{RestoreError, RestoreReport, RestoreResult};
use crate::generation;
use crate::open::OpenError;
use crate::schema::{self, SCHEMA_VERSION};
use crate::secrets;

/// Checks the copy of a backup, gives it a generation of its own, and syncs it.
pub(super) fn inspect(backup: &Path, copy: &Path, sealer: &Sealer) -> RestoreResult<RestoreReport> {
    let failed = |error: rusqlite::Error| RestoreError::Damaged {
        file: backup.to_owned(),
        verdict: error.to_string(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(copy, flags).map_err(failed)?;
    let schema = known_schema(backup, &conn)?;
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(failed)?;
    if verdict != "ok" {
        return Err(RestoreError::Damaged {
            file: backup.to_owned(),
            verdict,
        });
    }
    let master_keys = secrets::key_ids(&conn).map_err(failed)?;
    sealer.check(master_keys.iter().copied())?;
    if let Some(probe) = secrets::probe(&conn).map_err(failed)? {
        sealer.open(&Context::PROBE, &probe)?;
    }
    let (newest_event, pending) = contents(&conn).map_err(failed)?;
    seal_off(&conn).map_err(failed)?;
    drop(conn);
    let io = |error| RestoreError::io(copy, error);
    let file = File::open(copy).map_err(io)?;
    file.sync_all().map_err(io)?;
    Ok(RestoreReport {
        schema,
        bytes: file.metadata().map_err(io)?.len(),
        master_keys,
        newest_event,
        pending,
        former: None,
    })
}

/// The schema of the copy, which must be one that this version reads.
fn known_schema(backup: &Path, conn: &Connection) -> RestoreResult<u32> {
    let not = |why: String| RestoreError::NotABackup {
        file: backup.to_owned(),
        why,
    };
    let damaged = |error: rusqlite::Error| RestoreError::Damaged {
        file: backup.to_owned(),
        verdict: error.to_string(),
    };
    let found = schema::version(conn).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not(error.to_string()),
        _ => damaged(error),
    })?;
    let known = SCHEMA_VERSION;
    match found {
        0 => Err(not("it has no schema of Postrider".to_owned())),
        _ if found > known => Err(OpenError::TooNew { found, known }.into()),
        _ => match schema::check(conn) {
            // Another program's database may have a version as well.
            Err(OpenError::Unreleased { missing }) if !is_of_postrider(conn) => {
                Err(not(format!("it has no `{missing}`")))
            }
            Err(OpenError::Sqlite(error)) => Err(damaged(error)),
            checked => Ok(checked.map(|()| found)?),
        },
    }
}

fn is_of_postrider(conn: &Connection) -> bool {
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('accounts', 'deliveries', 'signing_keys')";
    conn.query_row(tables, (), |row| row.get(0)) == Ok(3)
}

/// When the newest event was accepted, and how many deliveries are pending.
fn contents(conn: &Connection) -> rusqlite::Result<(Option<Timestamp>, u64)> {
    let newest = "SELECT created_at FROM events ORDER BY seq DESC LIMIT 1";
    let newest: Option<i64> = conn.query_row(newest, (), |row| row.get(0)).optional()?;
    let pending: i64 = conn.query_row(
        "SELECT count(*) FROM deliveries INDEXED BY deliveries_not_succeeded WHERE status <> 1 AND status = 0",
        (),
        |row| row.get(0),
    )?;
    Ok((newest.map(Timestamp::from_unix_ms), pending.unsigned_abs()))
}

/// Gives the copy a generation that no log belongs to. The database has no log, whatever its header says.
fn seal_off(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    conn.pragma_update(None, "application_id", generation::new_number().cast_signed())
}
