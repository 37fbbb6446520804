//! [`SqliteStore`]: one writer, some readers, one lock.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_model::Timestamp;
use postrider_storage::meters::StoreErrors;
use postrider_storage::{Sealer, StoreError, StoreResult};
use rusqlite::Connection;

use crate::generation;
use crate::open::{self, OpenError};
use crate::options::SqliteOptions;
use crate::queue::{Part, Queue};
use crate::rate_limits::FreeSlots;
use crate::readers::Readers;
use crate::requests;
use crate::reserve::Reserve;
use crate::schema;
use crate::secrets;
use crate::sql_error::SqlResult;
use crate::writer::{Reopen, WriteCx};

/// The store in one SQLite file. Only one process can have a data folder open.
///
/// Dropping the store waits for queued writes, then closes the files and releases the folder.
pub struct SqliteStore {
    // The fields drop in this order: the connection that closes last must be able to write, so that closing
    // it copies and removes the log; then the lock is released.
    pub(crate) readers: Readers,
    pub(crate) queue: Queue,
    pub(crate) data_dir: PathBuf,
    pub(crate) sealer: Sealer,
    pub(crate) free_slots: Mutex<FreeSlots>,
    pub(crate) errors: StoreErrors,
    /// `None` in tests that need none.
    pub(crate) reserve: Option<Arc<Reserve>>,
    /// `None` only on a simulated disk.
    pub(crate) _lock: Option<File>,
    #[cfg(feature = "testing")]
    pub(crate) is_shared: bool,
    #[cfg(feature = "testing")]
    pub(crate) lease_clock: Option<crate::testing::LeaseClock>,
}

impl SqliteStore {
    /// Opens the database of a data folder and migrates it to the newest schema. Creates both if missing,
    /// readable by this user only.
    ///
    /// # Errors [`OpenError::Locked`] while another process uses the folder, [`OpenError::TooNew`] if a
    /// newer Postrider wrote the database, [`OpenError::MissingKeys`] without its master key, or the error
    /// of the system or SQLite.
    pub fn open(data_dir: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let lock = open::lock(data_dir)?;
        Self::threaded(data_dir, options, Some(lock))
    }

    /// Opens the database of a locked data folder.
    pub(crate) fn threaded(
        data_dir: &Path,
        options: SqliteOptions,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let reserve = lock.as_ref().map(|_| Arc::new(Reserve::prepare(data_dir)));
        let mut conn = open::open_writer(data_dir, options.writer_cache_kib)?;
        open::run_no_checkpoints(&conn)?;
        schema::migrate(&mut conn)?;
        secrets::check(&conn, &options.sealer)?;
        if lock.is_some() {
            generation::renew(data_dir, &conn)?;
            requests::abandon(&conn);
        }
        let checkpoints = open::open_checkpointer(data_dir)?;
        let (folder, cache_kib) = (data_dir.to_owned(), options.writer_cache_kib);
        let reopen_writer: Reopen = Box::new(move || {
            let conn = open::reopen_writer(&folder, cache_kib)?;
            open::run_no_checkpoints(&conn)?;
            Ok(conn)
        });
        let folder = data_dir.to_owned();
        let reopen_checkpoints: Reopen = Box::new(move || open::open_checkpointer(&folder));
        let queue = Queue::start(
            data_dir,
            conn,
            checkpoints,
            (reopen_writer, reopen_checkpoints),
            options.log_bytes_max,
        )
        .map_err(|source| OpenError::Io {
            path: data_dir.to_owned(),
            source,
        })?;
        Ok(Self {
            queue,
            sealer: options.sealer.clone(),
            readers: Readers::new(data_dir.to_owned(), options),
            data_dir: data_dir.to_owned(),
            free_slots: Mutex::default(),
            errors: StoreErrors::new(),
            reserve,
            _lock: lock,
            #[cfg(feature = "testing")]
            is_shared: false,
            #[cfg(feature = "testing")]
            lease_clock: None,
        })
    }

    /// The time by which leases count, where the caller's clock says `now`.
    #[cfg_attr(
        not(feature = "testing"),
        expect(clippy::unused_self, reason = "tests give the store a clock of its own")
    )]
    pub(crate) fn lease_now(&self, now: Timestamp) -> Timestamp {
        #[cfg(feature = "testing")]
        if let Some(clock) = &self.lease_clock {
            return clock();
        }
        now
    }

    /// Fails while the disk has no room for new events. If it had none, looks again.
    pub(crate) async fn room(&self) -> StoreResult<()> {
        let Some(reserve) = self.reserve.as_ref().filter(|reserve| !reserve.has_room()) else {
            return Ok(());
        };
        if reserve.is_due() {
            let reserve = Arc::clone(reserve);
            self.read(move |conn| Ok(reserve.look_again(conn)?)).await?;
        }
        match reserve.has_room() {
            true => Ok(()),
            false => Err(StoreError::Unavailable("the disk is full".to_owned())),
        }
    }

    fn counted<T>(&self, outcome: StoreResult<T>) -> StoreResult<T> {
        outcome.inspect_err(|error| self.errors.count(error))
    }

    /// The data folder of this store.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Runs small work in a transaction of the writer.
    pub(crate) async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        self.counted(self.queue.write(Part::new(0, work)).await)
    }

    /// Runs work that carries many bytes in a transaction of the writer.
    pub(crate) async fn write_part<T, F>(&self, part: Part<F>) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        self.counted(self.queue.write(part).await)
    }

    /// Runs two pieces of work in one transaction of the writer or, if one of them fails, each in its own.
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
        let (first, second) = self.queue.write_two(first, second).await;
        (self.counted(first), self.counted(second))
    }

    /// Runs work on a snapshot, in parallel with the writer.
    pub(crate) async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        self.counted(self.readers.read(work).await)
    }
}
