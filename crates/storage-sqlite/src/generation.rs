//! Which log belongs to which database.
//!
//! A log (`postrider.db-wal`) does not say whose pages it holds. If a backup is copied over `postrider.db`
//! after a server was killed, SQLite writes the pages of the old log into the backup: the result is malformed
//! or, at best, the restore is undone without a word.
//!
//! Each start therefore gives the database a new *generation*, once all of the log is in the database: a
//! random number in the header of the database file (SQLite's `application_id`), and in the name of an empty
//! log's companion, `postrider.db-generation-<number>`. A later start that finds a log compares them
//! ([`check`]). A backup has a generation of its own. A copy that another tool made has an older generation,
//! or, because SQLite counts anew in a copy, a lower change counter or schema version than the companion
//! notes.
//!
//! A copy of database and log without their companion, such as one of a folder's `*.db` and `*.db-wal`, is
//! taken on trust. So is everything without a log: nothing can be applied.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::log::LOG_FILE;
use crate::open::{BUSY_TIMEOUT, DATABASE_FILE, OpenError};
use crate::privacy::{about, give_to_owner, new_private_file};

/// What the companion's name begins with; eight hexadecimal digits follow.
const COMPANION: &str = "postrider.db-generation-";

/// The companion while it is being written.
const UNFINISHED: &str = "postrider.db-generation.new";

/// Length of SQLite's header, in bytes (<https://www.sqlite.org/fileformat.html#the_database_header>).
const HEADER_BYTES: usize = 100;

/// How SQLite's header begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Length of the log's header, in bytes. A log of no more than that has no pages.
const LOG_HEADER_BYTES: u64 = 32;

/// Largest companion that is read, in bytes.
const COMPANION_BYTES_MAX: u64 = 1024;

/// What the header of a database file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The generation; 0 for a database that no start of this version has opened.
    pub(crate) generation: u32,
    /// SQLite's change counter, which only grows, but begins anew in a copy.
    changes: u32,
    /// SQLite's schema version, likewise.
    schema: u32,
}

impl Header {
    /// Reads the header of a file, without SQLite, which would read the log as well. `None` for a file that
    /// is missing, empty or not a database.
    pub(crate) fn read(file: &Path) -> io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        match File::open(file) {
            Ok(file) => file.take(HEADER_BYTES as u64).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
            return Ok(None);
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Ok(Some(Self {
            generation: number(68),
            changes: number(24),
            schema: number(40),
        }))
    }
}

/// What a companion says of the database whose log began beside it.
#[derive(Debug, PartialEq, Eq)]
struct Companion {
    generation: u32,
    /// The generation before, while it is uncertain whether the header has the new one.
    former: u32,
    changes: u32,
    schema: u32,
}

impl Companion {
    fn of(header: Header, generation: u32, former: u32) -> Self {
        Self {
            generation,
            former,
            changes: header.changes,
            schema: header.schema,
        }
    }

    fn is_of(&self, header: &Header) -> bool {
        (header.generation == self.generation || header.generation == self.former)
            && header.changes >= self.changes
            && header.schema >= self.schema
    }

    fn file_name(&self) -> String {
        format!("{COMPANION}{:08x}", self.generation)
    }

    fn text(&self) -> String {
        let Self {
            former,
            changes,
            schema,
            ..
        } = self;
        format!("former {former}\nchanges {changes}\nschema {schema}\n")
    }

    /// Reads a companion; `None` for another file. A companion without a readable text only tells its
    /// generation.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let number = name.strip_prefix(COMPANION).filter(|number| number.len() == 8);
        let Some(generation) = number.and_then(|number| u32::from_str_radix(number, 16).ok()) else {
            return Ok(None);
        };
        let mut text = Vec::new();
        let opened = File::open(path).map_err(|error| about(path, &error))?;
        opened.take(COMPANION_BYTES_MAX).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.trim().parse().ok())
        };
        Ok(Some(Self {
            generation,
            former: value("former ").unwrap_or(generation),
            changes: value("changes ").unwrap_or(0),
            schema: value("schema ").unwrap_or(0),
        }))
    }
}

/// A number for a new generation. It distinguishes, and need not be secret.
pub(crate) fn new_number() -> u32 {
    fastrand::u32(1..)
}

/// A log that may be opened with its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// It holds no pages.
    Empty,
    /// Its pages belong to the database.
    Own,
}

/// Checks that the log of a data folder belongs to its database.
///
/// # Errors
/// [`OpenError::ForeignLog`], [`OpenError::LogAlone`], or the system's error.
pub(crate) fn check(data_dir: &Path) -> Result<Log, OpenError> {
    let log = data_dir.join(LOG_FILE);
    let foreign = || OpenError::ForeignLog {
        folder: data_dir.to_owned(),
    };
    match log.metadata() {
        Ok(log) if log.len() > LOG_HEADER_BYTES => {}
        Ok(_) => return Ok(Log::Empty),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Log::Empty),
        Err(error) => return Err(OpenError::io(&log, error)),
    }
    let database = data_dir.join(DATABASE_FILE);
    let size = database.metadata().map(|file| file.len()).unwrap_or_default();
    let header = Header::read(&database).map_err(|error| OpenError::io(&database, error))?;
    let Some(header) = header else {
        // SQLite creates a database with its first page before it begins a log.
        return match size {
            0 => Err(OpenError::LogAlone {
                folder: data_dir.to_owned(),
            }),
            _ => Ok(Log::Own),
        };
    };
    let companions = companions(data_dir).map_err(|error| OpenError::io(data_dir, error))?;
    match companions.iter().all(|(_, companion)| companion.is_of(&header)) {
        true => Ok(Log::Own),
        false => Err(foreign()),
    }
}

/// Removes the companions of other databases. The log is empty, so the one that begins next belongs to this
/// database, and must not lie beside them: a process that is killed before [`renew`] would leave a log that
/// [`check`] refuses.
pub(crate) fn forget_others(data_dir: &Path) -> io::Result<()> {
    let header = Header::read(&data_dir.join(DATABASE_FILE))?;
    let mut is_changed = false;
    for (path, companion) in companions(data_dir)? {
        if !header.is_some_and(|header| companion.is_of(&header)) {
            fs::remove_file(path)?;
            is_changed = true;
        }
    }
    if is_changed { sync_folder(data_dir) } else { Ok(()) }
}

/// Gives the database a new generation. `writer` must be its only connection. If the log cannot be emptied,
/// because another program reads the database or the disk is full, the former generation remains: it is as
/// good, but an older copy may have it too.
///
/// A process that is killed between any two steps leaves an empty log, or one that all companions belong to.
pub(crate) fn renew(data_dir: &Path, writer: &Connection) -> rusqlite::Result<()> {
    // A backup that reads now need not hold up the start.
    writer.busy_timeout(std::time::Duration::ZERO)?;
    let renewed = renew_now(data_dir, writer);
    writer.busy_timeout(BUSY_TIMEOUT)?;
    if let Err(why) = renewed {
        tracing::warn!(%why, "the database keeps its generation until the next start");
    }
    Ok(())
}

fn renew_now(data_dir: &Path, writer: &Connection) -> Result<(), Box<dyn std::error::Error>> {
    empty_log(writer)?;
    let database = data_dir.join(DATABASE_FILE);
    let header = || Header::read(&database)?.ok_or_else(|| io::Error::other("the database has no header"));
    let (before, number) = (header()?, new_number());
    // Both are possible until the log is empty again.
    keep_only(data_dir, &Companion::of(before, number, before.generation))?;
    writer.pragma_update(None, "application_id", number.cast_signed())?;
    empty_log(writer)?;
    keep_only(data_dir, &Companion::of(header()?, number, number))?;
    Ok(())
}

/// Copies all of the log into the database, and truncates it.
fn empty_log(writer: &Connection) -> Result<(), Box<dyn std::error::Error>> {
    let is_busy: i64 = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    match is_busy {
        0 => Ok(()),
        _ => Err("another program reads the database".into()),
    }
}

/// Writes this companion, then removes the others.
fn keep_only(data_dir: &Path, companion: &Companion) -> io::Result<()> {
    let unfinished = data_dir.join(UNFINISHED);
    let _ = fs::remove_file(&unfinished);
    let mut file = new_private_file(&unfinished)?;
    file.write_all(companion.text().as_bytes())?;
    file.sync_all()?;
    give_to_owner(&unfinished)?;
    let path = data_dir.join(companion.file_name());
    fs::rename(&unfinished, &path)?;
    remove_companions(data_dir, Some(companion.generation))
}

/// Removes all companions but that of a generation, and makes that durable.
pub(crate) fn remove_companions(data_dir: &Path, but: Option<u32>) -> io::Result<()> {
    for (path, companion) in companions(data_dir)? {
        if Some(companion.generation) != but {
            fs::remove_file(path)?;
        }
    }
    sync_folder(data_dir)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The companions in a data folder, with their paths.
fn companions(data_dir: &Path) -> io::Result<Vec<(PathBuf, Companion)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let path = entry?.path();
        if let Some(companion) = Companion::read(&path)? {
            found.push((path, companion));
        }
    }
    Ok(found)
}

/// The paths of the companions in a data folder.
pub(crate) fn companion_files(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(companions(data_dir)?.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests;
