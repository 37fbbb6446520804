//! The journal of a restore: what has to follow once the restored database is in place.
//!
//! It is written before the rename that puts the database in place, and names that database by its
//! generation. Whoever locks the folder next reads it. If the database is in place, the rest is done; if not,
//! what was prepared is undone.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use postrider_model::Timestamp;

use super::{RestoreError, RestoreResult};
use crate::generation::{self, Header};
use crate::log::LOG_FILE;
use crate::open::{DATABASE_FILE, OpenError};
use crate::privacy::{SHARED_MEMORY_FILE, about, give_to_owner, new_private_file};

/// The restored database until it is in place.
pub(super) const UNFINISHED: &str = "postrider.db.restoring";

/// The journal, in the data folder.
const FILE: &str = "postrider.restore";

/// The journal while it is being written.
const FILE_UNFINISHED: &str = "postrider.restore.new";

/// Largest journal that is read, in bytes.
const BYTES_MAX: u64 = 1024;

/// What the name of the former database's folder begins with.
const FORMER: &str = "replaced-";

/// A restore under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    /// The generation of the restored database.
    pub(super) generation: u32,
    /// The name of the folder for the former database, if there is one.
    pub(super) former: Option<String>,
}

/// The name of the folder for a database that is replaced now.
pub(super) fn former_name(now: Timestamp) -> String {
    // 2026-01-31T08:15:00.123Z, without what is awkward in a shell.
    let now: String = now
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{FORMER}{now}")
}

/// Creates a folder for its owner alone.
pub(super) fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)
}

/// How a restore that was killed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finished {
    /// The restored database is in place.
    Completed,
    /// The former database is in place.
    Undone,
}

/// Completes or undoes a restore that was killed; `None` if none was. The caller has locked the folder.
pub(crate) fn finish_interrupted(data_dir: &Path) -> Result<Option<Finished>, OpenError> {
    let finished = finish(data_dir);
    finished.map_err(|error| match error {
        RestoreError::Open(error) => error,
        RestoreError::Io { path, source } => OpenError::Io { path, source },
        other => OpenError::io(data_dir, io::Error::other(other.to_string())),
    })
}

fn finish(data_dir: &Path) -> RestoreResult<Option<Finished>> {
    let io = |error| RestoreError::io(data_dir, error);
    let Some(journal) = Journal::read(data_dir).map_err(io)? else {
        return remove(&data_dir.join(UNFINISHED)).map(|()| None).map_err(io);
    };
    let header = Header::read(&data_dir.join(DATABASE_FILE)).map_err(io)?;
    if header.is_some_and(|header| header.generation == journal.generation) {
        journal.complete(data_dir, &mut |_| Ok(()))?;
        tracing::warn!("completed a restore that was interrupted: the database is the restored one");
        Ok(Some(Finished::Completed))
    } else {
        journal.undo(data_dir).map_err(io)?;
        tracing::warn!("undid a restore that was interrupted: the database is the former one");
        Ok(Some(Finished::Undone))
    }
}

impl Journal {
    /// The folder of the former database.
    pub(super) fn former_dir(&self, data_dir: &Path) -> Option<PathBuf> {
        self.former.as_ref().map(|name| data_dir.join(name))
    }

    /// Writes the journal, durably and at once.
    pub(super) fn write(&self, data_dir: &Path) -> io::Result<()> {
        let unfinished = data_dir.join(FILE_UNFINISHED);
        remove(&unfinished)?;
        let mut file = new_private_file(&unfinished)?;
        let former = self.former.as_deref().unwrap_or_default();
        writeln!(file, "{}\n{former}", self.generation)?;
        file.sync_all()?;
        give_to_owner(&unfinished)?;
        fs::rename(&unfinished, data_dir.join(FILE))?;
        generation::sync_folder(data_dir)
    }

    fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        let mut text = String::new();
        let path = data_dir.join(FILE);
        match File::open(&path) {
            Ok(file) => file.take(BYTES_MAX).read_to_string(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(about(&path, &error)),
        };
        let damaged = || io::Error::other(format!("{FILE} is damaged"));
        let mut lines = text.lines();
        let generation = lines.next().and_then(|line| line.parse().ok());
        let former = lines.next().filter(|name| !name.is_empty()).map(str::to_owned);
        // It names a folder of which files are removed.
        if former
            .as_ref()
            .is_some_and(|name| !name.starts_with(FORMER) || name.contains('/'))
        {
            return Err(damaged());
        }
        Ok(Some(Self {
            generation: generation.ok_or_else(damaged)?,
            former,
        }))
    }

    /// The restored database is in place: removes the log and the companions of the former one, of which a
    /// second name is in its folder.
    pub(super) fn complete(
        &self,
        data_dir: &Path,
        before_step: &mut dyn FnMut(&'static str) -> RestoreResult<()>,
    ) -> RestoreResult<()> {
        let io = |error| RestoreError::io(data_dir, error);
        for name in [LOG_FILE, SHARED_MEMORY_FILE] {
            before_step("remove a file of the former database")?;
            remove(&data_dir.join(name)).map_err(io)?;
        }
        generation::sync_folder(data_dir).map_err(io)?;
        before_step("remove the companions of the former database")?;
        generation::remove_companions(data_dir, Some(self.generation)).map_err(io)?;
        before_step("remove the journal")?;
        remove(&data_dir.join(FILE)).map_err(io)?;
        generation::sync_folder(data_dir).map_err(io)
    }

    /// The former database is in place: removes the restored one, and the second names. A file that has no
    /// other name stays: somebody changed the folder meanwhile, and it may be the only copy.
    fn undo(&self, data_dir: &Path) -> io::Result<()> {
        if let Some(former) = self.former_dir(data_dir).filter(|folder| folder.is_dir()) {
            let mut is_empty = true;
            for entry in fs::read_dir(&former)? {
                let path = entry?.path();
                if path.symlink_metadata()?.nlink() > 1 {
                    fs::remove_file(path)?;
                } else {
                    is_empty = false;
                }
            }
            if is_empty {
                fs::remove_dir(&former)?;
            } else {
                tracing::warn!(folder = %former.display(), "a former database stays there");
            }
        }
        remove(&data_dir.join(UNFINISHED))?;
        generation::sync_folder(data_dir)?;
        remove(&data_dir.join(FILE))?;
        generation::sync_folder(data_dir)
    }
}

/// Removes a file, if it exists.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
