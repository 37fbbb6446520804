//! A pool of connections that are reused between requests.
//!
//! This is a small pool of our own. A connection is back in it before its attempt ends, so consecutive
//! requests use one connection.
//!
//! **When a request is repeated.** A receiver may close a connection at any time, also in the very
//! milliseconds in which the next request is on its way. The client therefore repeats a request in two cases:
//!
//! - The receiver cannot have processed it: the connection turned out to be closed before a byte was written
//!   ([`crate::wire`] detects this), or the receiver says so itself (RFC 9113 section 8.7: above the last
//!   stream of a GOAWAY, or refused).
//! - A *reused* connection was closed or reset before the first byte of a response. The receiver may have
//!   processed the request, and then processes it twice. RFC 9110 section 9.2.2 lets a client repeat a POST
//!   only if it knows the request to be idempotent. Webhooks are: delivery is at least once, every attempt
//!   carries the same `webhook-id`, and the retry that a failed attempt leads to would repeat the request
//!   just the same, only later. RFC 9112 section 9.3.1 expects clients to recover from such closures.
//!
//! The second repeat happens at most once per request, over a connection that was opened after the request
//! was first sent. Requests whose HTTP/2 connection was closed share the connections that replace it, so that
//! a receiver that restarts is not met by a handshake for each of them. After the first byte of a response,
//! and on a connection that this request opened, nothing is repeated. An origin whose connections end this
//! way again and again is not pooled for some minutes (`origin`).
//!
//! [`PoolSettings::idle_timeout`] keeps the case rare: it is shorter than the five seconds after which the
//! most impatient servers (Node, Apache, uvicorn) hang up, and the pool honours a `Keep-Alive: timeout` that
//! is shorter still. A connection older than [`PoolSettings::max_age`] takes no more requests, so that a
//! change in DNS is followed even under steady load.
//!
//! **HTTP/2.** Requests share connections, up to the number of streams that the receiver allows on each. At
//! the limit the pool opens more connections, up to `CONNECTIONS_MAX` per origin, and beyond that a request
//! waits for a stream; tenants take turns. That wait is ours and does not count against the request's timeout
//! ([`crate::Allowance`]). As long as it is unknown whether an origin speaks HTTP/2, one request
//! connects and the others wait for what it finds out, [`PATIENCE`] at most.
//!
//! Nothing polls an idle HTTP/1 connection. A connection that the receiver has closed stays in the pool until
//! it expires or a request tries it; that request then only needs another connection. A sweeper closes
//! expired connections and runs only while the pool holds anything.

mod origin;
mod turn;
mod waiting;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::allowance::Allowance;
use crate::connection::Connection;
use crate::destination::Origin;
use crate::http1::Http1;
use crate::http2::{Http2, Multiplexed};
use origin::{Closed, Idle, OfOrigin, Way};
pub(crate) use turn::{Dial, Lease, Place, Protocol, Turn};

/// How often the sweeper runs. Expired connections are never used, whether or not it has removed them.
const SWEEP: Duration = Duration::from_secs(1);

/// How long a request waits for another's connection attempt before it makes its own. A receiver that never
/// completes a connection must not delay requests one after the other.
const PATIENCE: Duration = Duration::from_secs(1);

/// Maximum origins whose protocol the pool remembers after their last connection has gone.
const PROTOCOLS_KEPT: usize = 4_096;

/// Maximum origins that the pool remembers for connections that ended without a response, besides those that
/// it holds connections to.
const DEATHS_KEPT: usize = 4_096;

/// Bounds on idle connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_age: Duration,
    pub(crate) max_idle_per_host: usize,
    pub(crate) max_idle: usize,
}

/// Idle HTTP/1 connections and live HTTP/2 connections, by origin.
pub(crate) struct Pool {
    settings: PoolSettings,
    kept: Mutex<Kept>,
    protocols: Cache<Arc<Origin>, Protocol>,
}

#[derive(Default)]
struct Kept {
    origins: HashMap<Arc<Origin>, OfOrigin>,
    idle: usize,
    is_swept: bool,
}

/// What a request gets from the pool.
pub(crate) enum CheckedOut {
    /// A connection that other requests have used, or share.
    Reused(Connection),
    /// Permission to open one.
    Dial(Dial),
}

impl Pool {
    pub(crate) fn new(settings: PoolSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            kept: Mutex::default(),
            protocols: Cache::new(PROTOCOLS_KEPT),
        })
    }

    /// Takes a connection that was open when last checked: an HTTP/2 connection with a free stream, or else
    /// the most recently used HTTP/1 connection. If the receiver allows no more streams, waits for one in the
    /// turn of the tenant.
    pub(crate) async fn check_out(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        tenant: u128,
        allowance: &Allowance,
    ) -> CheckedOut {
        match self.way(origin, tenant) {
            Way::Reuse(connection) => CheckedOut::Reused(connection),
            Way::Dial { is_counted } => CheckedOut::Dial(Dial::new(self, origin, is_counted)),
            // Boxed, because this future is rare and would enlarge everything that holds a request.
            Way::Wait(turn) => Box::pin(allowance.pause(self.wait(origin, turn))).await,
        }
    }

    /// Permission to open a connection now, for a request that must not use a pooled one.
    pub(crate) fn dial_now(self: &Arc<Self>, origin: &Arc<Origin>) -> Dial {
        Dial::new(self, origin, false)
    }

    async fn wait(self: &Arc<Self>, origin: &Arc<Origin>, mut turn: oneshot::Receiver<Turn>) -> CheckedOut {
        loop {
            match tokio::time::timeout(PATIENCE, &mut turn).await {
                Ok(Ok(Turn::Stream(lease))) => {
                    return CheckedOut::Reused(Connection::Http2(Box::new(Http2::new(lease))));
                }
                Ok(Ok(Turn::Dial(dial))) => return CheckedOut::Dial(dial),
                Err(_) if self.has_streams(origin) => {}
                Ok(Err(_)) | Err(_) => return CheckedOut::Dial(self.dial_now(origin)),
            }
        }
    }

    fn way(self: &Arc<Self>, origin: &Arc<Origin>, tenant: u128) -> Way {
        let now = Instant::now();
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        let of_origin = match kept.origins.get_mut(origin) {
            Some(of_origin) => of_origin,
            // An origin without HTTP/2 needs no entry to be dialled.
            None if !origin.http2 => return Way::Dial { is_counted: false },
            None => self.enter(kept, origin),
        };
        let place = Place::new(self, origin);
        let before = of_origin.idle();
        let way = of_origin.way(tenant, now, &self.settings, &place, &mut closed);
        kept.idle -= before - of_origin.idle();
        way
    }

    /// Whether the origin has an HTTP/2 connection. Lets more be opened for those who wait, if they may.
    fn has_streams(self: &Arc<Self>, origin: &Arc<Origin>) -> bool {
        let mut has_streams = false;
        self.distribute(origin, |of_origin| has_streams = of_origin.has_streams());
        has_streams
    }

    /// Returns an HTTP/1 connection to the pool after its response has been read to the end. `keep_alive` is
    /// how long the receiver said it will keep the connection open.
    pub(crate) fn check_in(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        mut http1: Box<Http1>,
        keep_alive: Option<Duration>,
    ) {
        // One second less than announced, because the announcement took time to arrive and so will the next
        // request.
        let announced = keep_alive.map_or(Duration::MAX, |it| it.saturating_sub(Duration::from_secs(1)));
        let idle_for = self.settings.idle_timeout.min(announced);
        let now = Instant::now();
        let until = (now + idle_for).min(http1.opened() + self.settings.max_age);
        if until <= now {
            return;
        }
        http1.rest(now);
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        // At most as many as are free, so that there is room for the next host, however many have
        // connections.
        let free = self.settings.max_idle.saturating_sub(kept.idle);
        let max_idle = self.settings.max_idle_per_host.min(free);
        if max_idle == 0 {
            return;
        }
        let of_origin = match kept.origins.get_mut(origin) {
            Some(of_origin) => of_origin,
            None => self.enter(kept, origin),
        };
        if of_origin.keep(Idle { http1, until }, now, max_idle, &mut closed) {
            kept.idle += 1;
        }
    }

    /// Closes all idle HTTP/1 connections, because their open files are needed.
    pub(crate) fn drop_idle(&self) {
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let origins = kept.origins.values_mut();
        origins.for_each(|of_origin| of_origin.drop_idle(&mut closed));
        kept.idle = 0;
    }

    /// Records that a reused connection to the origin ended before the first byte of a response.
    pub(crate) fn record_death(self: &Arc<Self>, origin: &Arc<Origin>) {
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        let of_origin = match kept.origins.get_mut(origin) {
            Some(of_origin) => of_origin,
            None => self.enter(kept, origin),
        };
        let before = of_origin.idle();
        of_origin.record_death(Instant::now(), &mut closed);
        kept.idle -= before - of_origin.idle();
    }

    /// Puts no more requests on HTTP/2 connections to the origin that were opened before this time, because a
    /// connection that carried a request then has ended without a word.
    pub(crate) fn retire_streams(&self, origin: &Arc<Origin>, before: Instant) {
        let mut closed = Closed::default();
        if let Some(of_origin) = self.kept.lock().origins.get_mut(origin) {
            of_origin.retire_streams(before, &mut closed);
        }
    }

    fn enter<'a>(self: &Arc<Self>, kept: &'a mut Kept, origin: &Arc<Origin>) -> &'a mut OfOrigin {
        if !kept.is_swept {
            kept.is_swept = true;
            let pool = Arc::downgrade(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(SWEEP).await;
                    match pool.upgrade() {
                        Some(pool) if pool.sweep() => {}
                        _ => break,
                    }
                }
            });
        }
        let speaks = self.protocols.get(origin);
        kept.origins
            .entry(Arc::clone(origin))
            .or_insert_with(|| OfOrigin::new(speaks))
    }

    /// Drops expired connections. Returns whether anything is left to sweep.
    fn sweep(&self) -> bool {
        let now = Instant::now();
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let mut deaths_kept = 0;
        kept.origins.retain(|_, of_origin| {
            of_origin.drop_expired(now, &self.settings, &mut closed);
            let is_remembered = of_origin.has_died(now) && deaths_kept < DEATHS_KEPT;
            deaths_kept += usize::from(is_remembered);
            of_origin.is_in_use() || is_remembered
        });
        kept.idle = kept.origins.values().map(OfOrigin::idle).sum();
        kept.is_swept = !kept.origins.is_empty();
        kept.is_swept
    }

    /// Changes what the pool knows of an origin, and then gives those who wait for it their turns.
    fn distribute(self: &Arc<Self>, origin: &Arc<Origin>, change: impl FnOnce(&mut OfOrigin)) {
        let place = Place::new(self, origin);
        let mut closed = Closed::default();
        let mut kept = self.kept.lock();
        let Some(of_origin) = kept.origins.get_mut(origin) else {
            return;
        };
        change(of_origin);
        let untaken = of_origin.distribute(Instant::now(), &self.settings, &place, &mut closed);
        drop(kept);
        // Dropping a turn gives it back, which takes the lock.
        drop(untaken);
    }

    /// Gives a stream back.
    fn give_back(self: &Arc<Self>, origin: &Arc<Origin>, connection: &Multiplexed) {
        let mut is_known = false;
        self.distribute(origin, |_| {
            is_known = true;
            connection.release();
        });
        if !is_known {
            connection.release();
        }
    }

    /// Shares a new HTTP/2 connection with other requests, if the origin has few enough.
    fn share(self: &Arc<Self>, origin: &Arc<Origin>, connection: Arc<Multiplexed>) {
        self.distribute(origin, |of_origin| of_origin.share(connection, Instant::now()));
    }

    /// Notes how an attempt to connect ended: with the protocol of the connection, or `None` if it failed.
    fn dialled(self: &Arc<Self>, origin: &Arc<Origin>, is_counted: bool, found: Option<Protocol>) {
        if let Some(protocol) = found.filter(|_| origin.http2) {
            self.protocols.insert(Arc::clone(origin), protocol);
        }
        self.distribute(origin, |of_origin| {
            of_origin.dialled(is_counted, found, Instant::now())
        });
    }
}

#[cfg(test)]
mod tests;
