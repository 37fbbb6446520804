//! Numbers of events, which order events with the same time. Nodes take them from the database in blocks, so
//! that an event needs no round trip; the order between nodes within a millisecond is arbitrary.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use parking_lot::Mutex;

use crate::sql_error::SqlResult;
use crate::statement;

/// The size of a block: the sequence's increment.
const BLOCK: i64 = 65_536;

/// The numbers that this node may still use.
pub(crate) struct Seqs {
    left: Mutex<Range<i64>>,
}

impl Seqs {
    /// No numbers.
    pub(crate) fn new() -> Self {
        Self {
            left: Mutex::new(0..0),
        }
    }

    /// Takes `count` numbers that no one else gets, in ascending order.
    pub(crate) async fn take(&self, client: &impl GenericClient, count: usize) -> SqlResult<Vec<i64>> {
        let mut taken = Vec::with_capacity(count);
        loop {
            self.take_from_left(&mut taken, count);
            if taken.len() == count {
                return Ok(taken);
            }
            let row = statement::query_one(client, "SELECT nextval('event_seqs')", &[]).await?;
            let first: i64 = row.try_get(0)?;
            let mut left = self.left.lock();
            // A concurrent task may have drawn a block as well; the later block stays, so that numbers
            // ascend.
            if first >= left.end {
                *left = first..first + BLOCK;
            }
        }
    }

    fn take_from_left(&self, taken: &mut Vec<i64>, count: usize) {
        let mut left = self.left.lock();
        taken.extend(left.by_ref().take(count - taken.len()));
    }
}
