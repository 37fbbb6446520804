//! [`SqliteStore`]: one writer, some readers, one lock.

use std::fs::File;
use std::path::{Path, PathBuf};

use postrider_storage::StoreResult;
use rusqlite::Connection;

use crate::open::{self, OpenError};
use crate::options::{Execution, SqliteOptions};
use crate::queue::{Part, Queue};
use crate::readers::Readers;
use crate::schema;
use crate::sql_error::SqlResult;
use crate::writer::{WriteCounts, WriteCx};

/// The store in one SQLite file. Only one process can have a data folder open.
///
/// Dropping it waits for the writes that are queued, then closes the files and lets the folder go.
pub struct SqliteStore {
    // In the order in which they have to be dropped: whoever closes the database last has to be able to
    // write, so that the log is copied and removed; the lock goes last of all.
    readers: Readers,
    queue: Queue,
    data_dir: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens the database of a data folder, making either where it is missing (readable by this user alone),
    /// and migrates it to the newest schema.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another process has the folder, [`OpenError::TooNew`] where a newer
    /// Postrider wrote the database, or what the system or SQLite said.
    pub fn open(data_dir: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let lock = open::lock(data_dir)?;
        let mut conn = open::open_writer(data_dir, &options)?;
        schema::migrate(&mut conn)?;
        let checkpoints = match options.execution {
            Execution::Threaded => Some(open::open_checkpointer(&mut conn, data_dir)?),
            Execution::Inline => None,
        };
        let queue = Queue::start(conn, checkpoints).map_err(|source| OpenError::Io {
            path: data_dir.to_owned(),
            source,
        })?;
        Ok(Self {
            queue,
            readers: Readers::new(data_dir.to_owned(), options),
            data_dir: data_dir.to_owned(),
            _lock: lock,
        })
    }

    /// The folder this store is in.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// How much was written since the store was opened: operations per transaction show how well commits are
    /// grouped.
    pub fn write_counts(&self) -> WriteCounts {
        self.queue.counts()
    }

    /// Lets the database grow to about this many bytes from now on, or by the disk's size alone.
    pub async fn set_max_bytes(&self, bytes: Option<u64>) -> StoreResult<()> {
        let bytes = bytes.unwrap_or(u64::MAX);
        self.write(move |cx| Ok(open::limit_pages(cx.conn, bytes)?)).await
    }

    /// Runs small work in a transaction of the writer.
    pub(crate) async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        self.queue.write(Part { bytes: 0, work }).await
    }

    /// Runs work that carries many bytes in a transaction of the writer.
    pub(crate) async fn write_part<T, F>(&self, part: Part<F>) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        self.queue.write(part).await
    }

    /// Runs two pieces of work in one transaction of the writer, unless one of them fails: then each for
    /// itself.
    pub(crate) async fn write_two<T, U, F, G>(
        &self,
        first: Part<F>,
        second: Part<G>,
    ) -> (StoreResult<T>, StoreResult<U>)
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
        G: FnMut(&mut WriteCx<'_>) -> SqlResult<U> + Send + 'static,
    {
        self.queue.write_two(first, second).await
    }

    /// Runs work on a snapshot, beside the writer.
    pub(crate) async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        self.readers.read(work).await
    }
}
