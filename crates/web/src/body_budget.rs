//! Memory for bodies, shared between all that send them: one budget for the API and the console. Large pages
//! have another.
//!
//! A body that arrives in one piece needs no room, because the connection's buffer holds it already; nearly
//! all events do, so they take no lock. Any other body takes room for what has arrived, up to
//! [`FIRST_BYTES`], and then for all that it declares, before more of it is read. So a sender that trickles a
//! large body holds little, and large bodies that arrive at the same time never wait for each other
//! half-read.
//!
//! An owner may use as much as is free, so that one with many connections gets at most half, and the next
//! owner finds room at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AccountId, Caller, Scope};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::client::network;

/// How much of a body takes room as it arrives. The rest takes room at once.
pub const FIRST_BYTES: usize = 64 * 1024;

/// Bytes of bodies that are read or stored at the same time. Events are copied out of them, so that a body
/// takes up to twice its size for a moment.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of large pages that are on their way to clients: four full ones of an account, and more of others.
const PAGES_BYTES: usize = 32 * 1024 * 1024;

/// How long a body waits for room before its sender gets a 503.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Whose share of the budget a body takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An account's: its events, and what its customers and its keys change.
    Account(AccountId),
    /// The operator's.
    Operator,
    /// That of a client that has shown no valid key or session, by IPv4 address or IPv6 /64.
    Stranger(IpAddr),
}

impl Owner {
    /// The owner of what this caller sends.
    pub fn of(caller: &Caller) -> Self {
        match caller.scope {
            Scope::All => Self::Operator,
            Scope::Account(account) => Self::Account(account),
        }
    }

    /// The owner of what a client at this address sends before it has shown anything valid.
    pub fn stranger(address: IpAddr) -> Self {
        Self::Stranger(network(address))
    }
}

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
    owners: HashMap<Owner, usize>,
}

/// Room for a body, free again once dropped.
#[derive(Debug)]
pub struct BodyRoom {
    budget: Arc<BodyBudget>,
    owner: Owner,
    bytes: usize,
}

/// The room of a large response, as an extension of it: the connection keeps it until the response has left.
#[derive(Debug, Clone)]
pub struct HeldRoom(#[expect(dead_code, reason = "dropped with the response")] Arc<BodyRoom>);

impl From<BodyRoom> for HeldRoom {
    fn from(room: BodyRoom) -> Self {
        Self(Arc::new(room))
    }
}

/// There was no room for a body within 10 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many large requests are in progress")]
pub struct NoRoom;

impl BodyBudget {
    /// A budget in which the largest body, of `largest` bytes, fits several times.
    pub fn for_bodies_of(largest: usize) -> Self {
        Self {
            bytes_max: BUDGET_BYTES.max(largest.saturating_mul(4)),
            used: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A budget for pages that are read while clients take their time: a budget of their own, so that readers
    /// take no room from what arrives.
    pub fn for_pages() -> Self {
        Self {
            bytes_max: PAGES_BYTES,
            used: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// No room yet, for a body of this owner.
    pub fn body_of(self: &Arc<Self>, owner: Owner) -> BodyRoom {
        BodyRoom {
            budget: Arc::clone(self),
            owner,
            bytes: 0,
        }
    }

    /// The bytes that are taken.
    #[cfg(test)]
    pub fn used_bytes(&self) -> usize {
        self.used.lock().bytes
    }

    fn take(&self, owner: Owner, bytes: usize) -> bool {
        let mut used = self.used.lock();
        let of_owner = used.owners.get(&owner).copied().unwrap_or_default();
        let free = self.bytes_max.saturating_sub(used.bytes);
        if of_owner + bytes > free {
            return false;
        }
        used.bytes += bytes;
        *used.owners.entry(owner).or_default() += bytes;
        true
    }
}

impl BodyRoom {
    /// Makes it room for `bytes`, waiting for up to 10 s. Room for fewer stays as it is.
    pub async fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let freed = self.budget.freed.notified();
            if self.budget.take(self.owner, more) {
                self.bytes += more;
                return Ok(());
            }
            timeout_at(deadline, freed).await.map_err(|_| NoRoom)?;
        }
    }

    /// Frees what the body turned out not to need: it has `bytes`.
    pub fn shrink(&mut self, bytes: usize) {
        let more = self.bytes.saturating_sub(bytes);
        self.bytes -= more;
        self.free(more);
    }

    fn free(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut used = self.budget.used.lock();
        used.bytes -= bytes;
        if let Some(of_owner) = used.owners.get_mut(&self.owner) {
            *of_owner -= bytes;
            if *of_owner == 0 {
                used.owners.remove(&self.owner);
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

    const LARGE: usize = 4 * 1024 * 1024;

    fn budget() -> Arc<BodyBudget> {
        Arc::new(BodyBudget::for_bodies_of(LARGE))
    }

    async fn room(budget: &Arc<BodyBudget>, of: u128, bytes: usize) -> Result<BodyRoom, NoRoom> {
        let mut room = budget.body_of(Owner::Account(AccountId::from_u128(of)));
        room.grow(bytes).await.map(|()| room)
    }

    async fn eight_rooms(budget: &Arc<BodyBudget>) -> Vec<BodyRoom> {
        let mut rooms = Vec::new();
        for _ in 0..8 {
            rooms.push(room(budget, 1, LARGE).await.unwrap());
        }
        rooms
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_gets_half_and_the_next_finds_room_at_once() {
        let budget = budget();
        let rooms = eight_rooms(&budget).await;
        let began = Instant::now();
        let other = room(&budget, 2, LARGE).await;
        assert!(other.is_ok() && began.elapsed().is_zero());
        assert!(room(&budget, 1, LARGE).await.is_err());
        assert_eq!(began.elapsed(), WAIT_MAX);
        drop((rooms, other));
        assert_eq!(budget.used.lock().bytes, 0);
        assert!(budget.used.lock().owners.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_as_soon_as_another_one_is_done() {
        let budget = budget();
        let mut rooms = eight_rooms(&budget).await;
        let began = Instant::now();
        let (found, ()) = tokio::join!(room(&budget, 1, LARGE), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            rooms.clear();
        });
        assert!(found.is_ok());
        assert_eq!(began.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn room_grows_and_shrinks() {
        let budget = budget();
        let mut found = room(&budget, 1, 1_000).await.unwrap();
        found.grow(500).await.unwrap();
        assert_eq!(budget.used.lock().bytes, 1_000);
        found.grow(LARGE).await.unwrap();
        assert_eq!(budget.used.lock().bytes, LARGE);
        found.shrink(10);
        assert_eq!(budget.used.lock().bytes, 10);
        drop(found);
        assert_eq!(budget.used.lock().bytes, 0);
    }
}
