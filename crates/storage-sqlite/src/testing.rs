//! What tests need and production does not have: the feature `testing`.

mod disk;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use postrider_model::Timestamp;
use postrider_storage::StoreResult;

use crate::open::{self, OpenError};
use crate::options::SqliteOptions;
use crate::queue::Queue;
use crate::readers::Readers;
use crate::schema;
use crate::secrets;
use crate::store::SqliteStore;
use crate::writer::WriteCounts;

pub use self::disk::{DiskCounts, DiskFault, SimulatedDisk};
pub(crate) use self::disk::{SyncHandle, is_dead, vfs_of, write_again};

/// A clock that the store counts leases by.
pub type LeaseClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl SqliteStore {
    /// Like [`Self::open`], but the calling thread does everything, one transaction per verb. No other thread
    /// is involved, so on virtual time a seed determines everything.
    pub fn open_inline(data_dir: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let lock = open::lock(data_dir)?;
        Self::inline(data_dir, options, Some(lock), None)
    }

    /// Like [`Self::open_inline`], but on a simulated disk, which is switched on if its power had failed. A
    /// store that was opened on the disk before is dead, as if its process had been killed.
    pub fn open_on(disk: &SimulatedDisk, options: SqliteOptions) -> Result<Self, OpenError> {
        Self::inline(&disk.start_process(), options, None, Some(disk.clone()))
    }

    /// Like [`Self::open`], with threads of its own, but on a simulated disk. The order in which they reach
    /// the disk is theirs, so a seed does not determine everything.
    pub fn open_threaded_on(disk: &SimulatedDisk, options: SqliteOptions) -> Result<Self, OpenError> {
        Self::threaded(&disk.start_process(), options, None)
    }

    fn inline(
        data_dir: &Path,
        options: SqliteOptions,
        lock: Option<File>,
        disk: Option<SimulatedDisk>,
    ) -> Result<Self, OpenError> {
        let mut conn = open::open_writer(data_dir, options.writer_cache_kib)?;
        schema::migrate(&mut conn)?;
        secrets::check(&conn, &options.sealer)?;
        let (folder, cache_kib) = (data_dir.to_owned(), options.writer_cache_kib);
        let reopen = Box::new(move || open::reopen_writer(&folder, cache_kib));
        Ok(Self {
            queue: Queue::inline(data_dir, conn, reopen, disk),
            sealer: options.sealer.clone(),
            readers: Readers::inline(data_dir.to_owned(), options),
            data_dir: data_dir.to_owned(),
            _lock: lock,
            free_slots: parking_lot::Mutex::default(),
            errors: postrider_storage::meters::StoreErrors::new(),
            reserve: None,
            is_shared: false,
            lease_clock: None,
        })
    }

    /// How many reads the store has begun.
    pub fn reads(&self) -> usize {
        self.readers.begun.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Runs statements, to plant faults.
    pub async fn run_sql(&self, sql: &'static str) -> StoreResult<()> {
        self.write(move |cx| Ok(cx.conn.execute_batch(sql)?)).await
    }

    /// Claims to be shared, so that an engine treats its session as one that other nodes can declare dead.
    pub fn as_shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }

    /// Claims to be shared, and counts leases by this clock, as a database server does by its own.
    pub fn as_shared_by(self, clock: LeaseClock) -> Self {
        Self {
            lease_clock: Some(clock),
            ..self.as_shared()
        }
    }

    /// How much was written since the store was opened. Operations per transaction show how well commits are
    /// grouped.
    pub fn write_counts(&self) -> WriteCounts {
        self.queue.counts()
    }

    /// Sets the size to which the database may grow, in bytes, rounded to pages; `None` leaves only the
    /// disk's limit. A write beyond it fails as on a full disk.
    pub async fn set_max_bytes(&self, bytes: Option<u64>) -> StoreResult<()> {
        let bytes = bytes.unwrap_or(u64::MAX);
        self.write(move |cx| Ok(open::limit_pages(cx.conn, bytes)?)).await
    }

    /// Sets after how many pages in the log a commit copies them into the database.
    pub async fn checkpoint_after(&self, pages: u32) -> StoreResult<()> {
        self.write(move |cx| Ok(cx.conn.pragma_update(None, "wal_autocheckpoint", pages)?))
            .await
    }

    /// SQLite's verdict on the whole database, including its indexes: `ok`, or what is wrong.
    pub async fn integrity(&self) -> StoreResult<String> {
        self.read(|conn| Ok(conn.pragma_query_value(None, "integrity_check", |row| row.get(0))?))
            .await
    }
}
