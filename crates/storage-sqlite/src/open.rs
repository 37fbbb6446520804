//! Opening a data folder: its lock, its database, the pragmas.
//!
//! **Pragmas of the writer.** WAL with `synchronous=NORMAL`: SQLite syncs the log and the database file
//! where a checkpoint needs it to keep the database whole. It does not sync the log at a commit.
//! [`crate::sync`] does so, before the commit is answered, as a 202 response promises. The page size is 8
//! KiB: an event of 512 bytes and its attempt leave less of a page unused than with 4 KiB, and a stored
//! response body of a few KiB needs no overflow page. A separate thread runs the checkpoints
//! ([`crate::checkpoint`]); without threads, a commit does so every [`CHECKPOINT_PAGES`]. `auto_vacuum`
//! stays off: retention frees about as many pages as acceptance needs, and SQLite reuses them. Moving pages
//! around would cost writes and a pointer map, only to return pages that are needed again a moment later.
//! `secure_delete=FAST` overwrites deleted rows with zeros on pages that are written anyway. `ON` would also
//! write every page that becomes free, which nearly doubles the writes of retention: it frees as many pages
//! as acceptance fills. Until they are used again, free pages and the log can hold deleted events; secrets
//! are sealed there too.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postrider_storage::sealing::MissingKeys;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::generation;
use crate::log::{self, LOG_FILE};
use crate::options::{SqliteOptions, WRITER_CACHE_KIB};
use crate::privacy::{prepare_folder, private_file};
use crate::restore;
use crate::schema::{self, MigrationReport, SCHEMA_VERSION};
#[cfg(feature = "testing")]
use crate::testing;

/// The database's name within the data folder.
pub const DATABASE_FILE: &str = "postrider.db";

/// The lock's name within the data folder.
pub const LOCK_FILE: &str = "postrider.lock";

/// Size of a page, in bytes; fixed when the database is created.
pub(crate) const PAGE_BYTES: u32 = 8192;

/// Pages in the log after which a commit runs a checkpoint, where there are no threads: 16 MiB.
const CHECKPOINT_PAGES: u32 = 2000;

/// The size to which SQLite truncates a longer log file: the log grows while a backup or a slow read holds an
/// old snapshot.
const LOG_BYTES_KEPT: u32 = 64 * 1024 * 1024;

/// How long a statement waits for another process's lock. A backup briefly holds one when it begins and ends.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often to try to lock a folder, and the pause between.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Distinct statements of this crate, rounded up, so that a connection compiles none of them twice.
const STATEMENTS_CACHED: usize = 128;

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has locked the folder.
    #[error("another process is using {}: only one Postrider can run on a data folder", folder.display())]
    Locked {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database was written by a newer Postrider.
    #[error(
        "the database has schema {found}, and this Postrider knows schemas up to {known}: start the newer Postrider \
         that wrote it, or restore a backup made before"
    )]
    TooNew {
        /// Its schema.
        found: u32,
        /// The newest that this code knows.
        known: u32,
    },
    /// A development version of Postrider wrote the database: it has the number of a schema, but not its
    /// tables.
    #[error(
        "a development version of Postrider wrote this database (`{missing}` is missing), and no release can read \
         it: start with an empty data folder"
    )]
    Unreleased {
        /// The table, column or index that is missing.
        missing: &'static str,
    },
    /// The database was replaced by one of another schema while the store was open.
    #[error("the database now has schema {found} instead of {SCHEMA_VERSION}")]
    Replaced {
        /// Its schema; 0 for an empty database.
        found: u32,
    },
    /// The log does not belong to the database: somebody replaced the database and left the log of the former
    /// one.
    #[error(
        "{0}/{LOG_FILE} does not belong to {0}/{DATABASE_FILE}: the database was replaced after a server had been \
         killed, and that server's log would damage the new database or undo the restore. To restore a backup, run \
         `postrider restore BACKUP --data-dir '{0}' --replace`, which moves both files aside", folder.display()
    )]
    ForeignLog {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is a log, but no database.
    #[error(
        "{0}/{DATABASE_FILE} is missing, and its log {0}/{LOG_FILE} is still there: put the database back, or run \
         `postrider restore BACKUP --data-dir '{0}' --replace`, or move the log out of the folder to begin with an \
         empty database", folder.display()
    )]
    LogAlone {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is no database in the folder.
    #[error("there is no database in {}", folder.display())]
    NoDatabase {
        /// The data folder.
        folder: PathBuf,
    },
    /// A master key that sealed secrets of the database was not given.
    #[error(transparent)]
    MissingKeys(#[from] MissingKeys),
    /// Others can read the folder or the database, and another user owns it.
    #[error(
        "other users of this machine can read {} (mode {mode:04o}), and this server may not close it: run \
         `{command} '{}'` as its owner, or name a new folder, which the server creates", path.display(), path.display()
    )]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The command that closes it.
        command: &'static str,
    },
    /// The folder or a file in it cannot be created, read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite cannot open the database.
    #[error("the database cannot be opened: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A migration failed; the database is unchanged.
    #[error("the database could not be migrated and was left as it was: {0}")]
    Migration(#[source] Box<rusqlite_migration::Error>),
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// Migrates the database of a data folder that no server uses, without serving it. Creates the folder and the
/// database if they do not exist.
///
/// # Errors
/// As [`crate::SqliteStore::open`].
pub fn migrate(data_dir: &Path) -> Result<MigrationReport, OpenError> {
    let _lock = lock(data_dir)?;
    let mut conn = open_writer(data_dir, WRITER_CACHE_KIB)?;
    schema::migrate(&mut conn)
}

/// The schema of the database in a data folder. A server may be running on it.
///
/// # Errors
/// [`OpenError::NoDatabase`], or SQLite's error.
pub fn schema_version(data_dir: &Path) -> Result<u32, OpenError> {
    if !data_dir.join(DATABASE_FILE).exists() {
        return Err(OpenError::NoDatabase {
            folder: data_dir.to_owned(),
        });
    }
    generation::check(data_dir)?;
    Ok(schema::version(&open_unmigrated(data_dir)?)?)
}

/// Opens an existing database of any schema.
pub(crate) fn open_unmigrated(data_dir: &Path) -> rusqlite::Result<Connection> {
    // Not read-only: after a crash the log may have no shared-memory file, and SQLite must create that file
    // to read the log.
    let conn = connect(data_dir, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    Ok(conn)
}

/// Locks the folder ([`lock_only`]), completes or undoes a restore that was killed, and checks that the log
/// belongs to the database.
pub(crate) fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let lock = lock_only(data_dir)?;
    restore::finish_interrupted(data_dir)?;
    if generation::check(data_dir)? == generation::Log::Empty {
        generation::forget_others(data_dir).map_err(|error| OpenError::io(data_dir, error))?;
    }
    Ok(lock)
}

/// Creates the folder if it is missing, closes it if others can read it, and locks it for as long as the file
/// is open. The system releases the lock of a process that dies.
pub(crate) fn lock_only(data_dir: &Path) -> Result<File, OpenError> {
    prepare_folder(data_dir)?;
    let path = data_dir.join(LOCK_FILE);
    let file = private_file(&path)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // `inspect` may just be asking whether it is locked.
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(OpenError::io(&path, error)),
        }
    }
    Err(OpenError::Locked {
        folder: data_dir.to_owned(),
    })
}

/// Opens the writing connection, which is not migrated yet.
pub(crate) fn open_writer(data_dir: &Path, cache_kib: u32) -> Result<Connection, OpenError> {
    log::write_again(data_dir).map_err(|error| OpenError::io(&data_dir.join(LOG_FILE), error))?;
    with_writer_pragmas(create(data_dir)?, cache_kib)
}

/// Opens the writing connection again, after an error of the former one. Never creates a database: a store
/// that has lost its file must fail, not go on with an empty one. The log must not be in doubt.
///
/// # Errors
/// [`OpenError::NoDatabase`], [`OpenError::Replaced`], or SQLite's error.
pub(crate) fn reopen_writer(data_dir: &Path, cache_kib: u32) -> Result<Connection, OpenError> {
    let connected = connect(data_dir, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let conn = with_writer_pragmas(connected.map_err(|error| missing_or(data_dir, error))?, cache_kib)?;
    let found = schema::version(&conn)?;
    if found != SCHEMA_VERSION {
        return Err(OpenError::Replaced { found });
    }
    Ok(conn)
}

/// The error of a database that cannot be opened: that there is none, if so.
fn missing_or(data_dir: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) if !data_dir.join(DATABASE_FILE).exists() => OpenError::NoDatabase {
            folder: data_dir.to_owned(),
        },
        _ => error.into(),
    }
}

fn with_writer_pragmas(conn: Connection, cache_kib: u32) -> Result<Connection, OpenError> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    conn.pragma_update(None, "page_size", PAGE_BYTES)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // `crate::sync` syncs the commits.
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "secure_delete", "FAST")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    Ok(conn)
}

/// Leaves the checkpoints to another connection.
pub(crate) fn run_no_checkpoints(writer: &Connection) -> rusqlite::Result<()> {
    writer.pragma_update(None, "wal_autocheckpoint", 0)
}

/// Opens a connection for checkpoints.
pub(crate) fn open_checkpointer(data_dir: &Path) -> Result<Connection, OpenError> {
    let conn = connect(data_dir, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // As for the writer, because this connection now syncs the log and the database file.
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

/// Opens a connection that serves one read at a time.
pub(crate) fn open_reader(data_dir: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let conn = connect(data_dir, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    conn.pragma_update(None, "cache_size", -i64::from(options.reader_cache_kib))?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Lets the database grow to this many bytes.
#[cfg(feature = "testing")]
pub(crate) fn limit_pages(conn: &Connection, bytes: u64) -> rusqlite::Result<()> {
    // SQLite treats a limit below the current size as a limit on growth, and 0 as a query of the limit.
    let pages = i64::try_from(bytes / u64::from(PAGE_BYTES))
        .unwrap_or(i64::MAX)
        .max(1);
    conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}

/// Connects to the database, which is created if it is missing.
fn create(data_dir: &Path) -> Result<Connection, OpenError> {
    #[cfg(feature = "testing")]
    if testing::vfs_of(data_dir).is_some() {
        let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        return Ok(connect(data_dir, access)?);
    }
    // SQLite gives the log the same mode as the database, so it suffices to make the database private.
    drop(private_file(&data_dir.join(DATABASE_FILE))?);
    Ok(connect(data_dir, OpenFlags::SQLITE_OPEN_READ_WRITE)?)
}

/// Connects to the database.
fn connect(data_dir: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let path = data_dir.join(DATABASE_FILE);
    // One thread at a time uses a connection, so SQLite's own mutexes are unnecessary.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg(feature = "testing")]
    if let Some(vfs) = testing::vfs_of(data_dir) {
        return Connection::open_with_flags_and_vfs(path, flags, vfs);
    }
    Connection::open_with_flags(path, flags)
}
