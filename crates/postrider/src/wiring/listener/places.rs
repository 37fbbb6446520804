//! The places of connections: how many there are, and who gives way when a newcomer needs one.
//!
//! A newcomer always finds a place, a probe included, unless every connection has a request in flight: the
//! connection that has been idle for the longest gives way, those of strangers first. So nobody can hold all
//! places with connections that do nothing. No connection gives way while a request is in flight.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_web::client::network;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::connection::{Connection, Stage, ms_since};
use super::meters::Meters;

/// The bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most connections at the same time.
    pub connections: usize,
    /// How many of them one peer may have, by IPv4 address or IPv6 /64.
    pub connections_per_peer: usize,
    /// How long a connection may be without a request.
    pub idle: Duration,
    /// How long a request of a stranger may take.
    pub stranger: Duration,
    /// How long a client may take to read a part of a response, or up to twice as long.
    pub unread: Duration,
    /// How long a closing connection may take to end, if no known client waits for a response.
    pub closing: Duration,
    /// The same if one does: its upload may be under way.
    pub closing_busy: Duration,
}

/// How many connections are chosen to give way in one look at all of them, at most.
const CHOSEN_AT_ONCE: usize = 64;

/// At most one in so many of the idle connections is chosen. Where few are idle, few are chosen, so that the
/// choice stays close to the order in which connections should give way, even as others become idle.
const CHOSEN_PART: usize = 16;

/// How often a full listener, or one that is full for a peer, looks for a connection that has become idle.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Peers for whom connections are chosen ahead.
const CHOSEN_PEERS_MAX: usize = 64;

/// All connections of a listener.
#[derive(Debug)]
pub struct Places {
    bounds: Bounds,
    epoch: Instant,
    taken: Mutex<Taken>,
    /// A place was freed.
    freed: Notify,
    meters: Meters,
}

#[derive(Debug, Default)]
struct Taken {
    /// All that have not ended.
    connections: HashMap<u64, Entry>,
    /// Those that have a place: all but the evicted ones.
    count: usize,
    /// Their number by peer, without peers to which the limit does not apply.
    peers: HashMap<IpAddr, usize>,
    next_id: u64,
    /// The connections to evict next, of all peers (`None`) or of one.
    chosen: HashMap<Option<IpAddr>, Chosen>,
}

#[derive(Debug)]
struct Chosen {
    at_ms: u64,
    /// None was idle.
    found_none: bool,
    /// Idle connections by id, and since when they were idle.
    next: VecDeque<(u64, u64)>,
}

#[derive(Debug)]
struct Entry {
    connection: Arc<Connection>,
    /// False once it was evicted.
    has_place: bool,
}

impl Places {
    /// With all places free.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            epoch: Instant::now(),
            taken: Mutex::default(),
            freed: Notify::new(),
            meters: Meters::new(),
        }
    }

    /// Milliseconds since the listener began.
    fn now_ms(&self) -> u64 {
        ms_since(self.epoch)
    }

    /// Waits until there is a place for a newcomer. If all are taken, an idle connection gives way; if none
    /// is idle, the newcomer waits, and connections that last too long still end.
    pub async fn make_room(&self) {
        loop {
            let freed = self.freed.notified();
            if self.has_room() {
                return;
            }
            self.sweep();
            // An error means that nothing was freed, but a connection may have become idle.
            let _ = timeout(LOOK_EVERY, freed).await;
        }
    }

    fn has_room(&self) -> bool {
        let mut taken = self.taken.lock();
        taken.count < self.bounds.connections || taken.evict(None, self.now_ms())
    }

    /// A place for a connection of this peer; `None` if the peer has its share of places and a request in
    /// flight on each. `is_limited`: whether a peer's share applies.
    pub fn take(self: &Arc<Self>, peer: IpAddr, is_limited: bool) -> Option<Place> {
        let now_ms = self.now_ms();
        let mut taken = self.taken.lock();
        let share = network(peer);
        let of_peer = taken.peers.get(&share).copied().unwrap_or_default();
        if is_limited && of_peer >= self.bounds.connections_per_peer && !taken.evict(Some(share), now_ms) {
            self.meters.refused.increment(1);
            return None;
        }
        let connection = Arc::new(Connection::new(
            taken.next_id,
            self.epoch,
            self.bounds.unread,
            peer,
            is_limited,
        ));
        taken.next_id += 1;
        taken.count += 1;
        if is_limited {
            *taken.peers.entry(share).or_default() += 1;
        }
        let entry = Entry {
            connection: Arc::clone(&connection),
            has_place: true,
        };
        taken.connections.insert(connection.id, entry);
        self.meters.open.increment(1.0);
        self.meters.accepted.increment(1);
        Some(Place {
            connection,
            places: Arc::clone(self),
        })
    }

    /// Ends what has lasted too long: idle connections, requests of strangers, responses that nobody reads,
    /// closing connections.
    pub fn sweep(&self) {
        let now_ms = self.now_ms();
        let exceeds =
            |since_ms: u64, bound: Duration| u128::from(now_ms.saturating_sub(since_ms)) >= bound.as_millis();
        for Entry { connection, .. } in self.taken.lock().connections.values() {
            if let Some(closing_for_ms) = connection.closing_for_ms(now_ms) {
                let is_busy = connection.is_known() && connection.idle_since_ms().is_none();
                let bound = if is_busy {
                    self.bounds.closing_busy
                } else {
                    self.bounds.closing
                };
                if u128::from(closing_for_ms) >= bound.as_millis() {
                    connection.advance(Stage::Aborted, now_ms);
                }
                continue;
            }
            let is_idle = connection
                .idle_since_ms()
                .is_some_and(|since| exceeds(since, self.bounds.idle));
            let is_late = !connection.is_known()
                && connection
                    .oldest_stranger_ms()
                    .is_some_and(|began| exceeds(began, self.bounds.stranger));
            if is_idle || is_late || connection.is_stuck(now_ms) {
                connection.advance(Stage::Closing, now_ms);
            }
        }
    }

    /// Closes all connections: each finishes the requests in flight. Ends when there is none.
    pub async fn close_all(&self) {
        loop {
            let freed = self.freed.notified();
            {
                let taken = self.taken.lock();
                if taken.connections.is_empty() {
                    return;
                }
                let now_ms = self.now_ms();
                for Entry { connection, .. } in taken.connections.values() {
                    connection.advance(Stage::Closing, now_ms);
                }
            }
            freed.await;
        }
    }
}

impl Taken {
    /// Ends the connection of `peer`, or of anybody, that has been idle for the longest. False if none is
    /// idle.
    fn evict(&mut self, peer: Option<IpAddr>, now_ms: u64) -> bool {
        let mut has_chosen = false;
        loop {
            while let Some((id, since)) = self.chosen.get_mut(&peer).and_then(|it| it.next.pop_front()) {
                let Some(entry) = self.connections.get_mut(&id) else {
                    continue;
                };
                let connection = Arc::clone(&entry.connection);
                if entry.has_place && connection.idle_since_ms() == Some(since) {
                    entry.has_place = false;
                    connection.advance(Stage::Evicted, now_ms);
                    self.free(&connection);
                    return true;
                }
            }
            let found_none = self.chosen.get(&peer).is_some_and(|chosen| {
                let age_ms = now_ms.saturating_sub(chosen.at_ms);
                chosen.found_none && u128::from(age_ms) < LOOK_EVERY.as_millis()
            });
            if has_chosen || found_none {
                return false;
            }
            self.choose(peer, now_ms);
            has_chosen = true;
        }
    }

    /// Chooses the connections to evict next. Looking at all of them for each newcomer would cost a flood of
    /// newcomers more than it costs its sender.
    fn choose(&mut self, peer: Option<IpAddr>, now_ms: u64) {
        let mut idle: Vec<_> = self
            .connections
            .values()
            .filter(|entry| entry.has_place)
            .map(|entry| &entry.connection)
            .filter(|connection| {
                peer.is_none_or(|peer| connection.is_limited && network(connection.peer) == peer)
            })
            .filter_map(|connection| {
                let since = connection.idle_since_ms()?;
                Some((connection.is_known(), since, connection.id))
            })
            .collect();
        let count = idle.len().div_ceil(CHOSEN_PART).min(CHOSEN_AT_ONCE);
        if idle.len() > count {
            idle.select_nth_unstable(count);
            idle.truncate(count);
        }
        idle.sort_unstable();
        if self.chosen.len() >= CHOSEN_PEERS_MAX {
            self.chosen.clear();
        }
        let chosen = Chosen {
            at_ms: now_ms,
            found_none: idle.is_empty(),
            next: idle.into_iter().map(|(_, since, id)| (id, since)).collect(),
        };
        self.chosen.insert(peer, chosen);
    }

    /// Frees the place of a connection.
    fn free(&mut self, connection: &Connection) {
        self.count -= 1;
        if connection.is_limited
            && let Some(of_peer) = self.peers.get_mut(&network(connection.peer))
        {
            *of_peer -= 1;
            if *of_peer == 0 {
                self.peers.remove(&network(connection.peer));
            }
        }
    }
}

/// A connection's place, free again once dropped.
#[derive(Debug)]
pub struct Place {
    pub connection: Arc<Connection>,
    places: Arc<Places>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        let removed = taken.connections.remove(&self.connection.id);
        if removed.is_some_and(|entry| entry.has_place) {
            taken.free(&self.connection);
        }
        drop(taken);
        self.places.meters.open.decrement(1.0);
        self.places.freed.notify_waiters();
    }
}
