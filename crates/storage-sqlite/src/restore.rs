//! Restoring of a backup into a data folder.
//!
//! The backup is copied beside the database and checked there, whole. Then one rename puts it in place of the
//! database. What else has to change with it, the log above all, is noted in a journal before
//! ([`journal`]), so that the next start of anything completes or undoes a restore that was killed: the
//! folder then holds the former database with its log, or the restored one without a log.
//!
//! Nothing of the former database is deleted: it moves into a folder of its own, from which it could be
//! served.

mod inspection;
mod journal;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use postrider_model::Timestamp;
use postrider_storage::Sealer;
use postrider_storage::sealing::{KeyId, MissingKeys, Unopened};

use crate::generation::{self, Header};
use crate::log::LOG_FILE;
use crate::open::{DATABASE_FILE, LOCK_FILE, OpenError, lock_only};
use crate::privacy::{give_to_owner, new_private_file};

pub(crate) use self::journal::finish_interrupted;
use self::journal::{Finished, Journal, UNFINISHED};

/// The result of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The schema of the backup. The next start migrates it.
    pub schema: u32,
    /// The size of the database, in bytes.
    pub bytes: u64,
    /// The master keys that its secrets need.
    pub master_keys: Vec<KeyId>,
    /// When the newest event in it was accepted.
    pub newest_event: Option<Timestamp>,
    /// Deliveries that were pending when the backup was made, and that the server will send.
    pub pending: u64,
    /// The folder with the former database, if there was one.
    pub former: Option<PathBuf>,
}

/// Why a backup was not restored. The data folder is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The data folder cannot be used, is in use, or the backup has an unknown schema.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder has a database, and the caller did not ask to replace it.
    #[error("{} already has a database", folder.display())]
    Exists {
        /// The data folder.
        folder: PathBuf,
    },
    /// The backup is the folder's own database.
    #[error("{} is the database of the data folder itself", file.display())]
    SameFile {
        /// The file.
        file: PathBuf,
    },
    /// There is a log beside the backup, so the file alone is not whole.
    #[error(
        "{0}-wal lies beside {0}: the file alone may be incomplete. If the server runs, make a backup with `postrider \
         backup`; if both are a copy of a whole data folder, copy both into an empty data folder instead", file.display()
    )]
    HasLog {
        /// The backup.
        file: PathBuf,
    },
    /// The file is not a database of Postrider.
    #[error("{} is not a backup of Postrider: {why}", file.display())]
    NotABackup {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// SQLite found the backup damaged.
    #[error("{} is damaged: {verdict}", file.display())]
    Damaged {
        /// The backup.
        file: PathBuf,
        /// SQLite's verdict.
        verdict: String,
    },
    /// A master key of the backup was not given.
    #[error(transparent)]
    MissingKeys(#[from] MissingKeys),
    /// The master key with the right id opens nothing.
    #[error("the master key does not open the secrets of the backup: {0}")]
    Unopened(#[from] Unopened),
    /// A test broke the restore off, as a kill would.
    #[cfg(test)]
    #[error("killed")]
    Killed,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl RestoreError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// The result of a step of a restore.
pub(crate) type RestoreResult<T> = Result<T, RestoreError>;

/// Makes a backup the database of a data folder, which no server may use. `sealer` has the master keys that
/// must open its secrets. With `replace`, an existing database moves into a folder `replaced-<now>`.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(
    backup: &Path,
    data_dir: &Path,
    sealer: &Sealer,
    replace: bool,
    now: Timestamp,
) -> Result<RestoreReport, RestoreError> {
    restore_in_steps(backup, data_dir, sealer, replace, now, &mut |_| Ok(()))
}

/// Like [`restore`]. `before_step` is called before each step, with its number, and can break the restore off
/// as a kill would.
pub(crate) fn restore_in_steps(
    backup: &Path,
    data_dir: &Path,
    sealer: &Sealer,
    replace: bool,
    now: Timestamp,
    before_step: &mut dyn FnMut(&'static str) -> RestoreResult<()>,
) -> RestoreResult<RestoreReport> {
    refuse_at_first_sight(backup, data_dir)?;
    let _lock = lock_only(data_dir)?;
    let lock = data_dir.join(LOCK_FILE);
    give_to_owner(&lock).map_err(|error| RestoreError::io(&lock, error))?;
    finish_interrupted(data_dir)?;
    if !replace && has_database(data_dir)? {
        return Err(RestoreError::Exists {
            folder: data_dir.to_owned(),
        });
    }
    before_step("copy")?;
    let unfinished = data_dir.join(UNFINISHED);
    let copied = copy(backup, &unfinished).and_then(|()| inspection::inspect(backup, &unfinished, sealer));
    let mut report = match copied {
        Ok(report) => report,
        Err(error) => {
            // The error says why; the copy is worthless, and the next start would remove it.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
    };
    report.former = switch(data_dir, now, before_step)?;
    Ok(report)
}

/// Refuses what needs no copy to be refused.
fn refuse_at_first_sight(backup: &Path, data_dir: &Path) -> RestoreResult<()> {
    let io = |error| RestoreError::io(backup, error);
    let not = |why: &str| RestoreError::NotABackup {
        file: backup.to_owned(),
        why: why.to_owned(),
    };
    let file = backup.canonicalize().map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        return Err(not("it is not a file"));
    }
    if data_dir
        .join(DATABASE_FILE)
        .canonicalize()
        .is_ok_and(|database| database == file)
    {
        return Err(RestoreError::SameFile {
            file: backup.to_owned(),
        });
    }
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    if Path::new(&log).metadata().is_ok_and(|log| log.len() > 0) {
        return Err(RestoreError::HasLog {
            file: backup.to_owned(),
        });
    }
    match Header::read(&file).map_err(io)? {
        Some(_) => Ok(()),
        None => Err(not("it is not an SQLite database")),
    }
}

/// Whether the folder has a database, or the log of one.
fn has_database(data_dir: &Path) -> RestoreResult<bool> {
    for name in [DATABASE_FILE, LOG_FILE] {
        let path = data_dir.join(name);
        match path.metadata() {
            Ok(file) if file.len() > 0 => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(RestoreError::io(&path, error)),
        }
    }
    Ok(false)
}

/// Copies the backup, for the owner alone. [`inspection::inspect`] then syncs the copy.
fn copy(backup: &Path, unfinished: &Path) -> RestoreResult<()> {
    let mut from = File::open(backup).map_err(|error| RestoreError::io(backup, error))?;
    let mut to = new_private_file(unfinished).map_err(|error| RestoreError::io(unfinished, error))?;
    let copied = io::copy(&mut from, &mut to);
    copied.map_err(|error| RestoreError::io(unfinished, error))?;
    give_to_owner(unfinished).map_err(|error| RestoreError::io(unfinished, error))
}

/// Puts the checked copy in place of the database. Returns where the former one is.
fn switch(
    data_dir: &Path,
    now: Timestamp,
    before_step: &mut dyn FnMut(&'static str) -> RestoreResult<()>,
) -> RestoreResult<Option<PathBuf>> {
    let io = |error| RestoreError::io(data_dir, error);
    let unfinished = data_dir.join(UNFINISHED);
    let header = Header::read(&unfinished).map_err(io)?;
    let generation = header.map_or(0, |header| header.generation);
    let former = has_database(data_dir)?.then(|| journal::former_name(now));
    let journal = Journal { generation, former };
    before_step("write the journal")?;
    journal.write(data_dir).map_err(io)?;
    let switched = link_former(data_dir, &journal, before_step).and_then(|()| {
        before_step("replace the database")?;
        fs::rename(&unfinished, data_dir.join(DATABASE_FILE)).map_err(io)?;
        generation::sync_folder(data_dir).map_err(io)?;
        before_step("complete")?;
        journal.complete(data_dir, before_step)
    });
    if let Err(error) = switched {
        // After the rename, a failure is of what follows, and it is done again.
        if is_kill(&error) || finish_interrupted(data_dir)? != Some(Finished::Completed) {
            return Err(error);
        }
    }
    Ok(journal.former_dir(data_dir))
}

/// Gives the files of the former database a second name, in their folder.
fn link_former(
    data_dir: &Path,
    journal: &Journal,
    before_step: &mut dyn FnMut(&'static str) -> RestoreResult<()>,
) -> RestoreResult<()> {
    let Some(former) = journal.former_dir(data_dir) else {
        return Ok(());
    };
    let io = |error| RestoreError::io(&former, error);
    before_step("create the folder of the former database")?;
    journal::make_private_folder(&former)
        .and_then(|()| give_to_owner(&former))
        .map_err(io)?;
    let companions = generation::companion_files(data_dir).map_err(io)?;
    let named = [DATABASE_FILE, LOG_FILE].map(|name| data_dir.join(name));
    for file in named.into_iter().chain(companions) {
        before_step("link a file of the former database")?;
        let name = file.file_name().unwrap_or_default();
        match fs::hard_link(&file, former.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
    }
    generation::sync_folder(&former).map_err(io)?;
    generation::sync_folder(data_dir).map_err(io)
}

/// Whether a test broke the restore off, after which nothing is cleaned up.
#[cfg(test)]
fn is_kill(error: &RestoreError) -> bool {
    matches!(error, RestoreError::Killed)
}

#[cfg(not(test))]
fn is_kill(_: &RestoreError) -> bool {
    false
}

#[cfg(test)]
mod tests;
