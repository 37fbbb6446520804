//! Room for exports: how many there are at a time.
//!
//! An export reads page after page as fast as its client takes them. A client may also take nothing, so
//! nothing waits for room: if an export has held its room for long, the next one takes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::AccountId;
use tokio::time::Instant;

use super::ExportError;

/// Most exports under way on one node. Each keeps one reader of the store busy.
const EXPORTS_MAX: usize = 4;

/// How long an export keeps its room if others want it. 100,000 deliveries are 25 MB: 2 minutes at 2 Mbit/s.
const HELD: Duration = Duration::from_secs(120);

/// When a client that finds no room should try again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The exports under way on this node.
#[derive(Default)]
pub(crate) struct Exports(Mutex<UnderWay>);

#[derive(Default)]
struct UnderWay {
    next: u64,
    by_account: HashMap<AccountId, Held>,
}

#[derive(Clone, Copy)]
struct Held {
    number: u64,
    since: Instant,
}

/// Room for one export, until dropped.
pub(super) struct Room {
    exports: Arc<Exports>,
    account: AccountId,
    number: u64,
}

impl Exports {
    /// Room for an export of the account, which has one at a time.
    pub(super) fn room(self: &Arc<Self>, account: AccountId) -> Result<Room, ExportError> {
        let now = Instant::now();
        let mut under_way = self.0.lock();
        let under_way = &mut *under_way;
        let in_the_way = match under_way.by_account.get(&account) {
            Some(held) => Some((account, *held)),
            None if under_way.by_account.len() < EXPORTS_MAX => None,
            None => {
                let oldest = under_way.by_account.iter().min_by_key(|(_, held)| held.since);
                oldest.map(|(account, held)| (*account, *held))
            }
        };
        if let Some((holder, held)) = in_the_way {
            if now.duration_since(held.since) < HELD {
                return Err(ExportError::TooMany {
                    retry_after: RETRY_AFTER,
                });
            }
            under_way.by_account.remove(&holder);
        }
        let number = under_way.next;
        under_way.next += 1;
        under_way.by_account.insert(account, Held { number, since: now });
        Ok(Room {
            exports: Arc::clone(self),
            account,
            number,
        })
    }
}

impl Room {
    /// Whether no other export has been given this room.
    pub(super) fn is_ours(&self) -> bool {
        let under_way = self.exports.0.lock();
        let held = under_way.by_account.get(&self.account);
        held.is_some_and(|held| held.number == self.number)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut under_way = self.exports.0.lock();
        let held = under_way.by_account.get(&self.account);
        if held.is_some_and(|held| held.number == self.number) {
            under_way.by_account.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u8) -> AccountId {
        AccountId::from_bytes([number; 16])
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_has_one_export_at_a_time_and_a_node_a_few() {
        let exports = Arc::new(Exports::default());
        let first = exports.room(account(0)).unwrap();
        assert!(exports.room(account(0)).is_err());
        let others: Vec<_> = (1..4)
            .map(|number| exports.room(account(number)).unwrap())
            .collect();
        assert!(exports.room(account(9)).is_err());
        drop(first);
        let newest = exports.room(account(9)).unwrap();
        assert!(newest.is_ours() && others.iter().all(Room::is_ours));
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_that_lasts_too_long_gives_way_but_only_if_another_wants_its_room() {
        let exports = Arc::new(Exports::default());
        let slow: Vec<_> = (0..4)
            .map(|number| exports.room(account(number)).unwrap())
            .collect();
        tokio::time::advance(HELD * 10).await;
        assert!(slow.iter().all(Room::is_ours));
        let next = exports.room(account(9)).unwrap();
        let again = exports.room(account(9));
        assert!(matches!(again, Err(ExportError::TooMany { retry_after }) if retry_after == RETRY_AFTER));
        assert_eq!(slow.iter().filter(|room| room.is_ours()).count(), 3);
        drop(slow);
        assert!(next.is_ours());
        assert_eq!(exports.0.lock().by_account.len(), 1);
    }
}
