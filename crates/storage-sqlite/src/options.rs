//! How a store is opened.

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Execution {
    /// Writes on a thread of their own that commits in groups, reads on tokio's blocking threads. Needs a
    /// tokio runtime around every call.
    #[default]
    Threaded,
    /// Everything on the calling thread, one transaction per verb. A simulation on virtual time uses it: no
    /// other thread is involved, so that a seed decides everything.
    Inline,
}

/// How a store is opened. The defaults are for production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Where the work is done.
    pub execution: Execution,
    /// How many reads run at the same time, each on a connection of its own; at least 1.
    pub readers: usize,
    /// Page cache of the writing connection, in KiB. It has to hold the pages that new rows go to (the ends
    /// of the tables and, of one index, a page per busy account); everything else is only read.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// Most bytes the database may grow to, rounded down to whole pages; `None` for as many as the disk has.
    /// A write beyond it fails like one on a full disk.
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
