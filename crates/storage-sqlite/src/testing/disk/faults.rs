//! What can go wrong with a disk, and what was done on it.

/// A way in which a disk fails while the process goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// The disk is full: a write that makes a file longer may write its beginning, then fails
    /// (`SQLITE_FULL`). Existing parts of files can be overwritten.
    Full,
    /// A write may write its beginning, then fails (`SQLITE_IOERR_WRITE`).
    WriteError,
    /// A read fails (`SQLITE_IOERR_READ`).
    ReadError,
    /// A sync fails (`SQLITE_IOERR_FSYNC`). Each unsynced sector either became durable or is never written
    /// again, unless the process writes it anew: later syncs succeed without it, as on Linux.
    SyncError,
}

/// What was done on a disk since it was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounts {
    /// Writes, changes of a file's length, syncs and deletions: what
    /// [`power_failure_after`](super::SimulatedDisk::power_failure_after) counts.
    pub operations: u64,
    /// Writes that succeeded.
    pub writes: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
    /// Calls that failed because of a [`DiskFault`].
    pub faults: u64,
    /// Power failures.
    pub power_failures: u64,
}

/// The fault in force, and how often it strikes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing {
    pub(super) fault: DiskFault,
    pub(super) one_in: u32,
}
