//! Copying of a running server's database.
//!
//! Another process makes the copy, without the lock: SQLite's backup in one step holds one read snapshot
//! while it copies page by page, so the server continues to write (its log grows meanwhile and shrinks
//! afterwards). A backup in many steps would start again whenever the server committed in between.
//! `VACUUM INTO` would produce a smaller file, but has to rebuild every index while it holds the snapshot.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postrider_storage::sealing::KeyId;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::generation;
use crate::open::{DATABASE_FILE, OpenError};
use crate::privacy::new_private_file;
use crate::schema;
use crate::secrets;

/// How long the copy waits for a lock that the server holds briefly.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a starting server may take to change the generation of its database, and how often to look.
const STARTING_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The result of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The schema of the copy.
    pub schema: u32,
    /// The size of the copy, in bytes.
    pub bytes: u64,
    /// The master keys without which the secrets in the copy do not open.
    pub master_keys: Vec<KeyId>,
}

/// Why a backup failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file exists already, and was not changed.
    #[error("{} exists already", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// There is no database in the folder.
    #[error("there is no database in {}", folder.display())]
    NoDatabase {
        /// The data folder.
        folder: PathBuf,
    },
    /// The log does not belong to the database ([`OpenError::ForeignLog`]), or cannot be read.
    #[error(transparent)]
    Open(Box<OpenError>),
    /// A check found the copy damaged, and so is the database. No file is left.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    /// The copy cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite cannot read the database or write the copy.
    #[error("the database cannot be copied: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl BackupError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// Copies the database of a data folder to `file`. A server may be running on the folder. The copy is one
/// file, checked and synced, and appears under its name only when it is complete. In an empty folder, under
/// the name `postrider.db`, it is a store.
///
/// # Errors
/// See [`BackupError`]. An existing file is never overwritten.
pub fn backup(data_dir: &Path, file: &Path) -> Result<BackupReport, BackupError> {
    let database = data_dir.join(DATABASE_FILE);
    if !database.exists() {
        return Err(BackupError::NoDatabase {
            folder: data_dir.to_owned(),
        });
    }
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists {
            file: file.to_owned(),
        });
    }
    check_log(data_dir)?;
    let unfinished = unfinished_name(file);
    let report = copy(&database, &unfinished).and_then(|report| {
        publish(&unfinished, file)?;
        Ok(report)
    });
    if report.is_err() {
        // The incomplete copy is worthless; the error says what happened.
        let _ = std::fs::remove_file(&unfinished);
    }
    report
}

/// Checks that the log belongs to the database. A log that does not may be that of a server that is just
/// starting, which changes what is compared.
fn check_log(data_dir: &Path) -> Result<(), BackupError> {
    let looks = STARTING_MAX.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..looks {
        match generation::check(data_dir) {
            Err(OpenError::ForeignLog { .. }) => std::thread::sleep(LOOK_EVERY),
            checked => {
                return checked
                    .map(drop)
                    .map_err(|error| BackupError::Open(Box::new(error)));
            }
        }
    }
    let checked = generation::check(data_dir).map(drop);
    checked.map_err(|error| BackupError::Open(Box::new(error)))
}

fn unfinished_name(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    file.with_file_name(name)
}

fn copy(database: &Path, unfinished: &Path) -> Result<BackupReport, BackupError> {
    let made = new_private_file(unfinished);
    drop(made.map_err(|error| BackupError::io(unfinished, error))?);
    let schema = copy_pages(database, unfinished)?;
    let master_keys = check(unfinished, schema)?;
    let copied = File::open(unfinished).map_err(|error| BackupError::io(unfinished, error))?;
    copied
        .sync_all()
        .map_err(|error| BackupError::io(unfinished, error))?;
    let size = copied
        .metadata()
        .map_err(|error| BackupError::io(unfinished, error))?;
    Ok(BackupReport {
        schema,
        bytes: size.len(),
        master_keys,
    })
}

fn copy_pages(database: &Path, unfinished: &Path) -> Result<u32, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Not read-only: after a crash the log may have no shared-memory file, and SQLite must create that file
    // to read the log.
    let source = Connection::open_with_flags(database, flags)?;
    source.busy_timeout(BUSY_TIMEOUT)?;
    let mut target = Connection::open_with_flags(unfinished, flags)?;
    // Nobody reads the copy before it is complete, and the whole file is synced afterwards.
    target.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
    target.pragma_update(None, "synchronous", "OFF")?;
    let step = Backup::new(&source, &mut target)?.step(-1)?;
    if !matches!(step, StepResult::Done) {
        return Err(BackupError::Damaged(format!("the copy ended early ({step:?})")));
    }
    // The copy's header says WAL, like the database's. A single file must not have a log.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    // The log of the database must not count as the copy's.
    target.pragma_update(None, "application_id", generation::new_number().cast_signed())?;
    Ok(schema::version(&target)?)
}

/// Checks the copy, and returns the master keys that it needs.
fn check(unfinished: &Path, schema: u32) -> Result<Vec<KeyId>, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copied = Connection::open_with_flags(unfinished, flags)?;
    let verdict: String = copied.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if verdict != "ok" {
        return Err(BackupError::Damaged(verdict));
    }
    // A database without tables has no secrets either.
    Ok(if schema == 0 {
        Vec::new()
    } else {
        secrets::key_ids(&copied)?
    })
}

/// Links the complete copy under its name, unless the name now exists, and makes the name durable.
fn publish(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    std::fs::hard_link(unfinished, file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists {
            file: file.to_owned(),
        },
        _ => BackupError::io(file, error),
    })?;
    std::fs::remove_file(unfinished).map_err(|error| BackupError::io(unfinished, error))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| BackupError::io(folder, error))
}
