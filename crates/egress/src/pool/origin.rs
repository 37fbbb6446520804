//! What the pool holds and knows of one origin.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::PoolSettings;
use super::turn::{Place, Protocol, Turn};
use super::waiting::Waiting;
use crate::connection::Connection;
use crate::http1::Http1;
use crate::http2::{Http2, Multiplexed};

/// Maximum HTTP/2 connections to one origin: enough for 3,200 requests at a time at receivers that allow the
/// usual 100 streams.
const CONNECTIONS_MAX: usize = 32;

/// How many streams a connection is expected to have before the receiver's settings arrive; the least that
/// RFC 9113 section 6.5.2 recommends.
const STREAMS_EXPECTED: usize = 100;

/// After an additional HTTP/2 connection has failed, how long to make do with those that there are.
const NO_DIAL_FOR: Duration = Duration::from_secs(1);

/// After how many reused connections that ended without a response the origin is not pooled.
const DEATHS_MAX: u32 = 3;

/// The longest time between two of them.
const DEATHS_WITHIN: Duration = Duration::from_secs(60);

/// The shortest. A receiver that restarts ends many connections at once, and that counts as one.
const DEATHS_APART: Duration = Duration::from_secs(1);

/// How long the origin is then not pooled. Its next connection that ends so prolongs the time.
const UNPOOLED_FOR: Duration = Duration::from_secs(300);

/// How a request gets its connection.
pub(super) enum Way {
    Reuse(Connection),
    Dial { is_counted: bool },
    Wait(oneshot::Receiver<Turn>),
}

/// Connections that leave the pool. Closing a socket is a system call, and dropping an HTTP/2 connection
/// takes locks of `h2`, so drop this after the pool's lock.
#[derive(Default)]
pub(super) struct Closed {
    idle: Vec<Idle>,
    multiplexed: Vec<Arc<Multiplexed>>,
}

pub(super) struct Idle {
    pub(super) http1: Box<Http1>,
    pub(super) until: Instant,
}

/// The connections to one origin, and the requests that wait for one.
pub(super) struct OfOrigin {
    idle: Vec<Idle>,
    multiplexed: Vec<Arc<Multiplexed>>,
    /// Those who wait for a stream, or to learn the protocol.
    waiting: Waiting,
    /// Attempts to connect that others wait for.
    dialling: usize,
    /// What the origin spoke on the last connection.
    speaks: Option<Protocol>,
    no_dial_until: Option<Instant>,
    deaths: u32,
    last_death: Option<Instant>,
}

impl OfOrigin {
    pub(super) fn new(speaks: Option<Protocol>) -> Self {
        Self {
            idle: Vec::new(),
            multiplexed: Vec::new(),
            waiting: Waiting::default(),
            dialling: 0,
            speaks,
            no_dial_until: None,
            deaths: 0,
            last_death: None,
        }
    }

    /// The number of idle HTTP/1 connections.
    pub(super) const fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(super) const fn has_streams(&self) -> bool {
        !self.multiplexed.is_empty()
    }

    /// Finds a connection for a request of this tenant.
    pub(super) fn way(
        &mut self,
        tenant: u128,
        now: Instant,
        settings: &PoolSettings,
        place: &Place,
        closed: &mut Closed,
    ) -> Way {
        if let Some(connection) = self.free_stream(now, settings, closed) {
            let lease = place.lease(&connection);
            return Way::Reuse(Connection::Http2(Box::new(Http2::new(lease))));
        }
        while let Some(kept) = self.idle.pop() {
            if kept.until > now {
                return Way::Reuse(Connection::Http1(kept.http1));
            }
            closed.idle.push(kept);
        }
        if !place.may_speak_http2() || self.speaks == Some(Protocol::Http1) || self.is_unpooled(now) {
            return Way::Dial { is_counted: false };
        }
        if self.may_dial(now) {
            self.dialling += 1;
            return Way::Dial { is_counted: true };
        }
        Way::Wait(self.waiting.add(tenant))
    }

    /// Takes a free stream, from the connection with the most requests so that others can become idle.
    fn free_stream(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
        closed: &mut Closed,
    ) -> Option<Arc<Multiplexed>> {
        if self.multiplexed.is_empty() {
            return None;
        }
        let is_over = |it: &mut Arc<Multiplexed>| !it.is_open() || it.opened() + settings.max_age <= now;
        closed
            .multiplexed
            .extend(self.multiplexed.extract_if(.., is_over));
        let free = self.multiplexed.iter().filter(|it| it.streams() < it.limit());
        let connection = free.max_by_key(|it| it.streams())?;
        connection.take();
        Some(Arc::clone(connection))
    }

    /// Whether another HTTP/2 connection is worth opening: those under way will not have a stream for one
    /// more request. If a connection fails, the next request that waits opens one, so that a receiver that
    /// comes back is not met by a handshake for each of them.
    fn may_dial(&self, now: Instant) -> bool {
        let expected = self
            .multiplexed
            .first()
            .map_or(STREAMS_EXPECTED, |it| it.limit().clamp(1, STREAMS_EXPECTED));
        self.multiplexed.len() + self.dialling < CONNECTIONS_MAX
            && self.waiting.len() >= self.dialling * expected
            && (self.multiplexed.is_empty() || self.no_dial_until.is_none_or(|it| it <= now))
    }

    /// Gives those who wait the streams that are free, and lets them connect where that is worthwhile.
    /// Returns the turns that nobody took, to be dropped outside the pool's lock.
    pub(super) fn distribute(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
        place: &Place,
        closed: &mut Closed,
    ) -> Vec<Turn> {
        let mut untaken = Vec::new();
        while self.waiting.has_next() {
            let turn = if self.speaks == Some(Protocol::Http1) {
                Turn::Dial(place.dial(false))
            } else if let Some(connection) = self.free_stream(now, settings, closed) {
                Turn::Stream(place.lease(&connection))
            } else if self.may_dial(now) {
                self.dialling += 1;
                Turn::Dial(place.dial(true))
            } else {
                break;
            };
            match self.waiting.next() {
                Some(next) => untaken.extend(next.send(turn).err()),
                None => untaken.push(turn),
            }
        }
        untaken
    }

    pub(super) fn share(&mut self, connection: Arc<Multiplexed>, now: Instant) {
        if self.multiplexed.len() < CONNECTIONS_MAX && !self.is_unpooled(now) {
            self.multiplexed.push(connection);
        }
    }

    pub(super) fn dialled(&mut self, is_counted: bool, found: Option<Protocol>, now: Instant) {
        self.dialling -= usize::from(is_counted);
        if found.is_some() {
            self.speaks = found;
        } else if self.has_streams() {
            self.no_dial_until = Some(now + NO_DIAL_FOR);
        }
    }

    /// Keeps an idle connection, unless there are enough. Returns whether it is kept.
    pub(super) fn keep(&mut self, idle: Idle, now: Instant, max_idle: usize, closed: &mut Closed) -> bool {
        let is_kept = self.idle.len() < max_idle && !self.is_unpooled(now);
        if is_kept {
            self.idle.push(idle);
        } else {
            closed.idle.push(idle);
        }
        is_kept
    }

    /// Records that a connection ended without a response.
    pub(super) fn record_death(&mut self, now: Instant, closed: &mut Closed) {
        if self.last_death.is_some_and(|it| it + DEATHS_APART > now) {
            return;
        }
        if !self.has_died(now) {
            self.deaths = 0;
        }
        self.deaths += 1;
        self.last_death = Some(now);
        if self.is_unpooled(now) {
            closed.multiplexed.append(&mut self.multiplexed);
            self.drop_idle(closed);
        }
    }

    /// Puts no more requests on HTTP/2 connections that were opened before this time. One of them ended
    /// without a word, and the receiver may have restarted.
    pub(super) fn retire_streams(&mut self, before: Instant, closed: &mut Closed) {
        let is_older = |it: &mut Arc<Multiplexed>| it.opened() < before;
        closed
            .multiplexed
            .extend(self.multiplexed.extract_if(.., is_older));
    }

    fn is_unpooled(&self, now: Instant) -> bool {
        self.deaths >= DEATHS_MAX && self.last_death.is_some_and(|it| it + UNPOOLED_FOR > now)
    }

    /// Whether a connection that ended without a response still counts.
    pub(super) fn has_died(&self, now: Instant) -> bool {
        self.is_unpooled(now) || self.last_death.is_some_and(|it| it + DEATHS_WITHIN > now)
    }

    /// Whether there are connections, or requests that wait for one.
    pub(super) fn is_in_use(&self) -> bool {
        !self.idle.is_empty() || !self.multiplexed.is_empty() || self.waiting.len() > 0 || self.dialling > 0
    }

    pub(super) fn drop_idle(&mut self, closed: &mut Closed) {
        closed.idle.append(&mut self.idle);
    }

    pub(super) fn drop_expired(&mut self, now: Instant, settings: &PoolSettings, closed: &mut Closed) {
        closed.idle.extend(self.idle.extract_if(.., |it| it.until <= now));
        let is_over = |it: &mut Arc<Multiplexed>| {
            let is_idle = it.streams() == 0 && it.heard() + settings.idle_timeout <= now;
            is_idle || !it.is_open() || it.opened() + settings.max_age <= now
        };
        closed
            .multiplexed
            .extend(self.multiplexed.extract_if(.., is_over));
        self.waiting.forget_given_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_origin_whose_connections_end_again_and_again_is_not_pooled_for_some_minutes() {
        let mut origin = OfOrigin::new(None);
        let began = Instant::now();
        let at = |s: f32| began + Duration::from_secs_f32(s);
        // A restart ends many connections at once, and one after the other within a second.
        for s in [0.0, 0.0, 0.1, 0.9] {
            origin.record_death(at(s), &mut Closed::default());
        }
        assert!(!origin.is_unpooled(at(1.0)));
        // The next is so much later that it begins anew.
        origin.record_death(at(70.0), &mut Closed::default());
        origin.record_death(at(100.0), &mut Closed::default());
        assert!(!origin.is_unpooled(at(101.0)));
        origin.record_death(at(130.0), &mut Closed::default());
        assert!(origin.is_unpooled(at(131.0)) && origin.is_unpooled(at(429.0)));
        assert!(!origin.is_unpooled(at(431.0)) && !origin.has_died(at(431.0)));
    }
}
