//! Facts about a data folder that a start needs, read without changing anything: no file is created, changed
//! or locked for longer than a moment.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use postrider_model::Timestamp;
use postrider_storage::sealing::KeyId;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::generation;
use crate::log::LOG_FILE;
use crate::open::{DATABASE_FILE, LOCK_FILE, OpenError};
use crate::schema::{self, SCHEMA_VERSION};
use crate::secrets;

/// What a data folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Whether a server, or another command, uses the folder now.
    pub is_in_use: bool,
    /// The size of the database with its log, in bytes.
    pub bytes: u64,
    /// What is in the database. `None` after a kill: only a start can read the log then, because reading it
    /// takes a file beside it.
    pub contents: Option<Contents>,
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The schema; a start migrates an older one.
    pub schema: u32,
    /// The master keys that its secrets need.
    pub master_keys: Vec<KeyId>,
    /// The probe that ties the database to its master key.
    pub probe: Option<Vec<u8>>,
    /// When the newest event was accepted.
    pub newest_event: Option<Timestamp>,
}

/// Looks at a data folder. `None` if there is no database in it, or no folder.
///
/// # Errors
/// As [`crate::SqliteStore::open`], but for master keys, which the caller compares.
pub fn inspect(data_dir: &Path) -> Result<Option<Inspection>, OpenError> {
    let database = data_dir.join(DATABASE_FILE);
    let log_bytes = bytes(&data_dir.join(LOG_FILE))?;
    let database_bytes = bytes(&database)?;
    if database_bytes == 0 && log_bytes == 0 {
        return Ok(None);
    }
    let is_in_use = is_in_use(data_dir)?;
    if !is_in_use {
        generation::check(data_dir)?;
    }
    // A database without a log does not change; one in use has its files already.
    let access = match (is_in_use, log_bytes) {
        (true, _) => Some("mode=ro"),
        (false, 0) => Some("immutable=1"),
        (false, _) => None,
    };
    let contents = access.map(|access| read(&database, access)).transpose()?;
    Ok(Some(Inspection {
        is_in_use,
        bytes: database_bytes + log_bytes,
        contents,
    }))
}

/// The size of a file; 0 if it is missing.
fn bytes(path: &Path) -> Result<u64, OpenError> {
    match path.metadata() {
        Ok(file) => Ok(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(OpenError::io(path, error)),
    }
}

/// Whether another process has locked the folder. Locks it for the moment of the question, which a start
/// waits for.
fn is_in_use(data_dir: &Path) -> Result<bool, OpenError> {
    let path = data_dir.join(LOCK_FILE);
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(OpenError::io(&path, error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(OpenError::io(&path, error)),
    }
}

fn read(database: &Path, access: &str) -> Result<Contents, OpenError> {
    let path = database
        .canonicalize()
        .map_err(|error| OpenError::io(database, error))?;
    let path = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(format!("file:{path}?{access}"), flags)?;
    let schema = schema::version(&conn)?;
    if schema > SCHEMA_VERSION {
        return Err(OpenError::TooNew {
            found: schema,
            known: SCHEMA_VERSION,
        });
    }
    if schema == 0 {
        return Ok(Contents {
            schema,
            master_keys: Vec::new(),
            probe: None,
            newest_event: None,
        });
    }
    schema::check(&conn)?;
    let newest = "SELECT created_at FROM events ORDER BY seq DESC LIMIT 1";
    let newest: Option<i64> = conn.query_row(newest, (), |row| row.get(0)).optional()?;
    Ok(Contents {
        schema,
        master_keys: secrets::key_ids(&conn)?,
        probe: secrets::probe(&conn)?,
        newest_event: newest.map(Timestamp::from_unix_ms),
    })
}
