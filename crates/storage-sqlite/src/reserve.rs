//! Keeps some space of the disk in reserve, so that a node can start on a full disk and delete old events.
//!
//! The reserve is a file beside the database. A start that finds no room deletes it, and uses its space for
//! the log. Until there is room again the store takes no new events; everything else goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::time::Instant;

use crate::open::PAGE_BYTES;

/// The file, in the data folder.
const FILE: &str = "postrider.reserve";

/// The file while it is being written, or while a start tests whether there is room.
const UNFINISHED: &str = "postrider.reserve.new";

/// Bytes in reserve. Deleting old events needs a few MiB of log.
pub(crate) const BYTES: u64 = 8 * 1024 * 1024;

/// The least time between two looks for room.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Room that a start needs: the memory that SQLite's processes share, and some pages of the log.
const ROOM_BYTES: u64 = 1024 * 1024;

/// The reserve of one data folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    data_dir: PathBuf,
    is_missing: AtomicBool,
    /// When to look again at the earliest.
    look_at: Mutex<Option<Instant>>,
}

impl Reserve {
    /// Creates the reserve or, if the disk is full, gives its space back.
    pub(crate) fn prepare(data_dir: &Path) -> Self {
        let reserve = Self {
            data_dir: data_dir.to_owned(),
            is_missing: AtomicBool::new(false),
            look_at: Mutex::default(),
        };
        match reserve.keep() {
            Ok(()) => {}
            Err(error) if is_full(&error) => {
                reserve.remove(FILE);
                reserve.is_missing.store(true, Ordering::Relaxed);
                tracing::error!(
                    "the disk is full: no new events are accepted until there is room, but old ones are \
                     deleted"
                );
            }
            Err(error) => tracing::warn!(%error, "could not keep space of the disk in reserve"),
        }
        reserve
    }

    /// Makes sure of the reserve, and of the room that a start needs beside it.
    fn keep(&self) -> io::Result<()> {
        let file = fs::metadata(self.data_dir.join(FILE));
        if !file.is_ok_and(|file| file.len() == BYTES) {
            return self.create();
        }
        self.write(ROOM_BYTES)?;
        self.remove(UNFINISHED);
        Ok(())
    }

    /// Whether there is room for new events, as far as is known.
    pub(crate) fn has_room(&self) -> bool {
        !self.is_missing.load(Ordering::Relaxed)
    }

    /// Whether to look again for room: not more often than [`LOOK_EVERY`], because a look writes as much as
    /// it finds room for.
    pub(crate) fn is_due(&self) -> bool {
        let (mut look_at, now) = (self.look_at.lock(), Instant::now());
        let is_due = look_at.is_none_or(|at| at <= now);
        if is_due {
            *look_at = Some(now + LOOK_EVERY);
        }
        is_due
    }

    /// Looks whether there is room again: on the disk, or in the database's unused pages.
    pub(crate) fn look_again(&self, conn: &Connection) -> rusqlite::Result<()> {
        let unused: i64 = conn.query_row("PRAGMA freelist_count", (), |row| row.get(0))?;
        let unused = unused.unsigned_abs() * u64::from(PAGE_BYTES);
        if self.create().is_ok() || unused >= 2 * BYTES {
            self.is_missing.store(false, Ordering::Relaxed);
            tracing::info!("there is room for new events again");
        }
        Ok(())
    }

    fn create(&self) -> io::Result<()> {
        self.write(BYTES)?;
        fs::rename(self.data_dir.join(UNFINISHED), self.data_dir.join(FILE))
    }

    /// Writes `bytes` bytes into the unfinished file, and deletes it if that fails.
    fn write(&self, bytes: u64) -> io::Result<()> {
        let written = self.fill(bytes);
        if written.is_err() {
            self.remove(UNFINISHED);
        }
        written
    }

    fn fill(&self, bytes: u64) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file: File = options.open(self.data_dir.join(UNFINISHED))?;
        // Not zeros: a file system that compresses would reserve nothing.
        let mut noise = Rng::with_seed(0);
        let mut block = vec![0; 64 * 1024];
        for _ in 0..bytes / block.len() as u64 {
            noise.fill(&mut block);
            file.write_all(&block)?;
        }
        file.sync_all()
    }

    fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.data_dir.join(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, name, "could not remove a file of the reserve");
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
