//! Memory for large request bodies, shared between accounts.
//!
//! The body of a request with events waits for room *before* it is read; until then its request costs a
//! connection and nothing else. An account may use as much as is free, so that one with many connections gets
//! at most half, and the next account finds room at once. Other bodies are bounded to a few 100 KiB each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http_body::SizeHint;
use parking_lot::Mutex;
use postrider_model::AccountId;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::problem::{Code, Problem};
use crate::routes::events::create_batch::batch_bytes_max;

/// Bodies of at most this many bytes need no room: there can be as many as connections, and a connection's
/// buffers take as much.
const SMALL_BYTES_MAX: usize = 64 * 1024;

/// Bytes of large bodies that are read or stored at the same time. Their events are copied out of them, so
/// that a body takes up to twice its size for a moment.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// How long a body waits for room before its sender gets a 503.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The budget.
#[derive(Debug)]
pub struct BodyBudget {
    bytes_max: usize,
    used: Mutex<Used>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Used {
    bytes: usize,
    accounts: HashMap<AccountId, usize>,
}

/// Room for a body, free again once dropped.
#[derive(Debug)]
pub(crate) struct BodyRoom {
    budget: Arc<BodyBudget>,
    account: AccountId,
    bytes: usize,
}

impl BodyBudget {
    /// A budget in which the largest batch fits several times, where the `data` of an event may have
    /// `data_bytes_max`.
    pub fn new(data_bytes_max: usize) -> Self {
        Self {
            bytes_max: BUDGET_BYTES.max(batch_bytes_max(data_bytes_max).saturating_mul(4)),
            used: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Room for a body of this length, of which at most `bytes_max` bytes are read. Keep it until the request
    /// is done. `None` if it needs none. Waits for up to [`WAIT_MAX`].
    pub(crate) async fn room(
        self: &Arc<Self>,
        account: AccountId,
        length: SizeHint,
        bytes_max: usize,
    ) -> Result<Option<BodyRoom>, Problem> {
        let declared = length.upper().and_then(|bytes| usize::try_from(bytes).ok());
        // A body without a length may become as large as is permitted; one that is too large is not read.
        let bytes = declared.map_or(bytes_max, |bytes| if bytes > bytes_max { 0 } else { bytes });
        if bytes <= SMALL_BYTES_MAX {
            return Ok(None);
        }
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let freed = self.freed.notified();
            if let Some(room) = self.take(account, bytes) {
                return Ok(Some(room));
            }
            if timeout_at(deadline, freed).await.is_err() {
                let detail = "too many large requests are under way; retry in a moment";
                return Err(Problem::unavailable(
                    Code::Unavailable,
                    detail,
                    "no room for a body",
                ));
            }
        }
    }

    fn take(self: &Arc<Self>, account: AccountId, bytes: usize) -> Option<BodyRoom> {
        let mut used = self.used.lock();
        let of_account = used.accounts.get(&account).copied().unwrap_or_default();
        let free = self.bytes_max.saturating_sub(used.bytes);
        if bytes > free || of_account + bytes > free.max(bytes) {
            return None;
        }
        used.bytes += bytes;
        *used.accounts.entry(account).or_default() += bytes;
        Some(BodyRoom {
            budget: Arc::clone(self),
            account,
            bytes,
        })
    }
}

impl BodyRoom {
    /// Frees what the body turned out not to need: it has `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let more = self.bytes.saturating_sub(bytes);
        self.bytes -= more;
        self.free(more);
    }

    fn free(&self, bytes: usize) {
        let mut used = self.budget.used.lock();
        used.bytes -= bytes;
        if let Some(of_account) = used.accounts.get_mut(&self.account) {
            *of_account -= bytes;
            if *of_account == 0 {
                used.accounts.remove(&self.account);
            }
        }
        drop(used);
        self.budget.freed.notify_waiters();
    }
}

impl Drop for BodyRoom {
    fn drop(&mut self) {
        self.free(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: usize = 256 * 1024;
    const LARGE: usize = batch_bytes_max(DATA);

    fn account(n: u128) -> AccountId {
        AccountId::from_u128(n)
    }

    async fn room(budget: &Arc<BodyBudget>, of: u128, bytes: usize) -> Result<Option<BodyRoom>, Problem> {
        let length = SizeHint::with_exact(bytes as u64);
        budget.room(account(of), length, LARGE).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_gets_half_and_the_next_finds_room_at_once() {
        let budget = Arc::new(BodyBudget::new(DATA));
        let mut rooms = Vec::new();
        for _ in 0..4 {
            rooms.push(room(&budget, 1, LARGE).await.unwrap().unwrap());
        }
        let began = Instant::now();
        let other = room(&budget, 2, LARGE).await.unwrap();
        assert!(other.is_some() && began.elapsed().is_zero());
        assert!(room(&budget, 1, LARGE).await.is_err());
        assert_eq!(began.elapsed(), WAIT_MAX);
        drop((rooms, other));
        assert_eq!(budget.used.lock().bytes, 0);
        assert!(budget.used.lock().accounts.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_as_soon_as_another_one_is_done() {
        let budget = Arc::new(BodyBudget::new(DATA));
        let mut rooms = Vec::new();
        for _ in 0..4 {
            rooms.push(room(&budget, 1, LARGE).await.unwrap());
        }
        let began = Instant::now();
        let (found, ()) = tokio::join!(room(&budget, 1, LARGE), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            rooms.clear();
        });
        assert!(found.unwrap().is_some());
        assert_eq!(began.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn small_bodies_need_no_room_and_bodies_without_a_length_need_the_most() {
        let budget = Arc::new(BodyBudget::new(DATA));
        assert!(room(&budget, 1, SMALL_BYTES_MAX).await.unwrap().is_none());
        assert!(
            room(&budget, 1, LARGE + 1).await.unwrap().is_none(),
            "it is refused unread"
        );
        let chunks = SizeHint::new();
        let mut found = budget.room(account(1), chunks, LARGE).await.unwrap().unwrap();
        assert_eq!(found.bytes, LARGE);
        found.shrink(1_000);
        assert_eq!(budget.used.lock().bytes, 1_000);
        drop(found);
        assert_eq!(budget.used.lock().bytes, 0);
    }
}
