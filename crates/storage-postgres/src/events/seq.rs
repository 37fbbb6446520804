//! Numbers of events, which order those of one moment. Nodes take them from the database in blocks, so that an event
//! costs no question; between nodes the order within a millisecond is anyone's.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use parking_lot::Mutex;

use crate::sql_error::SqlResult;
use crate::statement;

/// Numbers in a block: what the sequence grows by.
const BLOCK: i64 = 65_536;

/// The numbers that this node may still use.
pub(crate) struct Seqs {
    left: Mutex<Range<i64>>,
}

impl Seqs {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self {
            left: Mutex::new(0..0),
        }
    }

    /// The first of `count` consecutive numbers that nobody else gets; at most [`BLOCK`].
    pub(crate) async fn take(&self, client: &impl GenericClient, count: usize) -> SqlResult<i64> {
        let count = i64::try_from(count).unwrap_or(BLOCK).min(BLOCK);
        loop {
            if let Some(first) = self.take_from_left(count) {
                return Ok(first);
            }
            let row = statement::query_one(client, "SELECT nextval('event_seqs')", &[]).await?;
            let first: i64 = row.try_get(0)?;
            *self.left.lock() = first..first + BLOCK;
        }
    }

    fn take_from_left(&self, count: i64) -> Option<i64> {
        let mut left = self.left.lock();
        let first = left.start;
        if left.end - first < count {
            return None;
        }
        left.start += count;
        Some(first)
    }
}
