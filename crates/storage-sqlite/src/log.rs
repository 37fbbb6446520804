//! Makes the log of an earlier process durable before a new one builds on it.
//!
//! After a sync that failed, Linux holds bytes in memory that are not on the disk, and no later sync writes
//! them (<https://wiki.postgresql.org/wiki/Fsync_Errors>). A process that then opens the database reads a
//! commit from the log that a power failure would tear out, and with it everything that was committed after
//! it. The log is therefore written once more, as it is, and synced.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

#[cfg(feature = "testing")]
use crate::testing;

/// The log's name in the data folder.
pub(crate) const LOG_FILE: &str = "postrider.db-wal";

/// Bytes that are read and written at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Writes the log once more, in place, and syncs it and its name. Does nothing if there is none, as after an
/// orderly stop. No other process may be writing to it.
pub(crate) fn write_again(data_dir: &Path) -> io::Result<()> {
    #[cfg(feature = "testing")]
    if testing::vfs_of(data_dir).is_some() {
        return testing::write_again(&data_dir.join(LOG_FILE));
    }
    match OpenOptions::new()
        .read(true)
        .write(true)
        .open(data_dir.join(LOG_FILE))
    {
        Ok(file) => write_file_again(&file).and_then(|()| File::open(data_dir)?.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The log, open to be synced.
///
/// Linux reports a failed write to each file that was open then, once. The file therefore stays open: one
/// that is opened later knows nothing of what failed before.
pub(crate) struct LogSync {
    data_dir: PathBuf,
    handle: Option<Handle>,
}

enum Handle {
    File(File),
    #[cfg(feature = "testing")]
    Simulated(testing::SyncHandle),
}

impl LogSync {
    /// The log of a data folder, whose database is open.
    pub(crate) fn new(data_dir: PathBuf) -> Self {
        let mut log = Self {
            data_dir,
            handle: None,
        };
        log.handle = log.open().ok();
        log
    }

    /// Syncs what was written to the log before this call.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match &self.handle {
            Some(handle) => handle.sync(),
            None => {
                self.handle = Some(self.open()?);
                Err(io::Error::other("the log could not be opened in time"))
            }
        }
    }

    /// Opens the log, and makes its name durable: SQLite does so only once, and that may have failed.
    fn open(&self) -> io::Result<Handle> {
        #[cfg(feature = "testing")]
        if testing::vfs_of(&self.data_dir).is_some() {
            return testing::SyncHandle::open(self.data_dir.join(LOG_FILE)).map(Handle::Simulated);
        }
        let file = File::open(self.data_dir.join(LOG_FILE))?;
        File::open(&self.data_dir)?.sync_all()?;
        Ok(Handle::File(file))
    }
}

impl Handle {
    fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync_data(),
            #[cfg(feature = "testing")]
            Self::Simulated(handle) => handle.sync(),
        }
    }
}

fn write_file_again(file: &File) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut chunk, at)?;
        if read == 0 {
            break;
        }
        file.write_all_at(&chunk[..read], at)?;
        at += read as u64;
    }
    file.sync_data()
}
