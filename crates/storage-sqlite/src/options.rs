//! Options for opening a store.

use postrider_storage::Sealer;

/// The default of [`SqliteOptions::writer_cache_kib`].
pub(crate) const WRITER_CACHE_KIB: u32 = 16 * 1024;

/// Options for opening a store.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// How many reads run at the same time, each on a connection of its own; at least 1.
    pub readers: usize,
    /// Page cache of the writing connection, in KiB. It should hold the pages that receive new rows (the
    /// ends of the tables and, for one index, a page per busy account); the writer only reads other pages.
    /// More is not better: after a page was split, SQLite looks through the whole cache at the end of the
    /// transaction.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// The length of the log, in bytes, from which on the writer refuses work while something holds an old
    /// snapshot; a quarter of the database's size, if that is more.
    pub log_bytes_max: u64,
    /// Seals and opens the secrets.
    pub sealer: Sealer,
}

impl SqliteOptions {
    /// The options for production.
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            readers: 4,
            writer_cache_kib: WRITER_CACHE_KIB,
            reader_cache_kib: 8 * 1024,
            log_bytes_max: 512 * 1024 * 1024,
        }
    }
}

/// The options for production, with a master key that everybody knows.
#[cfg(any(test, feature = "testing"))]
impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new(postrider_storage::sealing::known_sealer())
    }
}
