//! Turns for what large requests do on the runtime's threads.
//!
//! Reading and checking a thousand events takes milliseconds, in which a thread serves nobody else. Large
//! requests therefore work in pieces and wait for a turn before each. At most half of the threads are theirs.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Events in a piece: some 300 µs. A request with no more than these needs no turn.
pub const PIECE: usize = 64;

/// The turns of one node.
#[derive(Debug)]
pub struct LargeWork {
    turns: Semaphore,
}

impl LargeWork {
    /// As many turns at a time as half of the processors, and at least one.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            turns: Semaphore::new((threads / 2).max(1)),
        }
    }

    /// Waits for a turn, in the order of the calls. Hold it for one piece, and never across another await.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // An error would mean that the semaphore was closed, which nobody does.
        self.turns.acquire().await.ok()
    }
}

impl Default for LargeWork {
    fn default() -> Self {
        Self::new()
    }
}
