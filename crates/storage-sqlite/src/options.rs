//! Options for opening a store.

/// Which threads do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Execution {
    /// A separate thread writes and commits in groups; reads run on tokio's blocking threads. Every call
    /// needs a tokio runtime.
    #[default]
    Threaded,
    /// The calling thread does everything, one transaction per verb. Simulations on virtual time use it: no
    /// other thread is involved, so a seed determines everything.
    Inline,
}

/// Options for opening a store. The defaults are for production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Which threads do the work.
    pub execution: Execution,
    /// How many reads run at the same time, each on a connection of its own; at least 1.
    pub readers: usize,
    /// Page cache of the writing connection, in KiB. It should hold the pages that receive new rows (the ends
    /// of the tables and, for one index, a page per busy account); the writer only reads other pages.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// Most bytes to which the database may grow, rounded down to whole pages; `None` leaves only the disk's
    /// limit. A write beyond it fails as on a full disk.
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            execution: Execution::Threaded,
            readers: 4,
            writer_cache_kib: 64 * 1024,
            reader_cache_kib: 8 * 1024,
            max_bytes: None,
        }
    }
}
