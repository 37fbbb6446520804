//! Room for work that takes long: exports and searches in data, which keep a reader of the store busy, and
//! what the console computes for a visitor.
//!
//! Of each kind, an account has one at a time, and a node a few. An export reads page after page as fast as
//! its client takes them. A client may also take nothing, so nothing waits for room: if somebody has held it
//! for long, the next one takes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::AccountId;
use tokio::time::Instant;

/// Most pieces of work of a kind on one node.
const ROOMS_MAX: usize = 4;

/// How long a piece of work keeps its room if others want it. An export of 100,000 deliveries is 25 MB: 2
/// minutes at 2 Mbit/s.
const HELD: Duration = Duration::from_secs(120);

/// When a client that finds no room should try again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The account has such work under way, or the node as many as it has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are under way")]
pub struct NoRoom {
    /// How long to wait before the next try.
    pub retry_after: Duration,
}

/// The work of a kind on this node.
#[derive(Default)]
pub struct Rooms(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    next: u64,
    by_account: HashMap<AccountId, Held>,
}

#[derive(Clone, Copy)]
struct Held {
    number: u64,
    since: Instant,
}

/// Room for one piece of work, until dropped.
pub struct Room {
    rooms: Arc<Rooms>,
    account: AccountId,
    number: u64,
}

impl Rooms {
    /// Room for work of the account, which has one piece at a time.
    pub fn room(self: &Arc<Self>, account: AccountId) -> Result<Room, NoRoom> {
        let now = Instant::now();
        let mut taken = self.0.lock();
        let in_the_way = match taken.by_account.get(&account) {
            Some(held) => Some((account, *held)),
            None if taken.by_account.len() < ROOMS_MAX => None,
            None => {
                let oldest = taken.by_account.iter().min_by_key(|(_, held)| held.since);
                oldest.map(|(account, held)| (*account, *held))
            }
        };
        if let Some((holder, held)) = in_the_way {
            if now.duration_since(held.since) < HELD {
                return Err(NoRoom {
                    retry_after: RETRY_AFTER,
                });
            }
            taken.by_account.remove(&holder);
        }
        let number = taken.next;
        taken.next += 1;
        taken.by_account.insert(account, Held { number, since: now });
        Ok(Room {
            rooms: Arc::clone(self),
            account,
            number,
        })
    }
}

impl Room {
    /// Whether nothing else has been given this room.
    pub fn is_ours(&self) -> bool {
        let taken = self.rooms.0.lock();
        let held = taken.by_account.get(&self.account);
        held.is_some_and(|held| held.number == self.number)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.rooms.0.lock();
        let held = taken.by_account.get(&self.account);
        if held.is_some_and(|held| held.number == self.number) {
            taken.by_account.remove(&self.account);
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
    async fn an_account_has_one_room_of_a_kind_and_a_node_a_few() {
        let rooms = Arc::new(Rooms::default());
        let first = rooms.room(account(0)).unwrap();
        assert!(rooms.room(account(0)).is_err());
        let others: Vec<_> = (1..4)
            .map(|number| rooms.room(account(number)).unwrap())
            .collect();
        assert!(rooms.room(account(9)).is_err());
        drop(first);
        let newest = rooms.room(account(9)).unwrap();
        assert!(newest.is_ours() && others.iter().all(Room::is_ours));
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_that_lasts_too_long_gives_way_but_only_if_another_wants_its_room() {
        let rooms = Arc::new(Rooms::default());
        let slow: Vec<_> = (0..4)
            .map(|number| rooms.room(account(number)).unwrap())
            .collect();
        tokio::time::advance(HELD * 10).await;
        assert!(slow.iter().all(Room::is_ours));
        let next = rooms.room(account(9)).unwrap();
        let again = rooms.room(account(9));
        assert!(again.is_err_and(|error| error.retry_after == RETRY_AFTER));
        assert_eq!(slow.iter().filter(|room| room.is_ours()).count(), 3);
        drop(slow);
        assert!(next.is_ours());
        assert_eq!(rooms.0.lock().by_account.len(), 1);
    }
}
