//! A pool of connections that are reused between requests.
//!
//! This is a small pool of our own over hyper's connections. It replaces hyper-util's client, for four
//! reasons:
//!
//! - A connection is back in the pool before its attempt ends, so consecutive requests use one connection.
//!   hyper-util returns it from a separate task, and the next request may find the pool empty and dial.
//! - No request races two futures.
//! - An HTTP/1 connection needs no task ([`crate::connection`]).
//! - We learn what happened to a request that was *not* sent.
//!
//! **When a request is repeated.** An attempt is one HTTP request, so it never repeats a request that the
//! receiver may have begun to process. It repeats only a request that was provably not processed: one that
//! hyper hands back because the connection turned out to be closed before a byte of it was written
//! ([`crate::wire`] detects this), or an HTTP/2 request that the receiver itself declares unprocessed (RFC
//! 9113 section 8.7: above the last stream of a GOAWAY, or refused). One case is left: the receiver closes an
//! idle connection in the very milliseconds in which our request is on its way. Browsers guess and repeat the
//! request. We cannot tell this case from a receiver that crashed on the request, so the attempt fails.
//! [`PoolSettings::idle_timeout`] keeps the case rare: it is shorter than the five seconds after which the
//! most impatient servers (Node, Apache, uvicorn) hang up, and the pool honours a `Keep-Alive: timeout` that
//! is shorter still.
//!
//! Nothing polls an idle HTTP/1 connection. A connection that the receiver has closed stays in the pool until
//! it expires or a request tries it; that request then only needs another connection. A sweeper closes
//! expired connections and runs only while the pool holds any connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http2;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::connection::{Body, Connection, Http1};
use crate::destination::Origin;

/// How often the sweeper runs. Expired connections are never used, whether or not it has removed them.
const SWEEP: Duration = Duration::from_secs(1);

/// How long to wait for a connection to be ready again after its response has been read. It is ready at once
/// unless the receiver responded before it had read the whole request. Such a connection is not worth
/// keeping.
const READY_WITHIN: Duration = Duration::from_millis(10);

/// Bounds on idle connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
    pub(crate) max_idle: usize,
}

/// Idle HTTP/1 connections and live HTTP/2 connections, by origin.
pub(crate) struct Pool {
    settings: PoolSettings,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    origins: HashMap<Arc<Origin>, OfOrigin>,
    idle: usize,
    is_swept: bool,
}

#[derive(Default)]
struct OfOrigin {
    idle: Vec<Idle>,
    http2: Option<Shared>,
}

struct Idle {
    http1: Box<Http1>,
    until: Instant,
}

struct Shared {
    sender: http2::SendRequest<Body>,
    until: Instant,
}

impl Pool {
    pub(crate) fn new(settings: PoolSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            kept: Mutex::new(Kept::default()),
        })
    }

    /// Takes a connection that was open when last checked: the HTTP/2 connection, or else the most recently
    /// used HTTP/1 connection.
    pub(crate) fn take(&self, origin: &Origin) -> Option<Connection> {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        let of_origin = kept.origins.get_mut(origin)?;
        if let Some(shared) = &mut of_origin.http2 {
            if shared.sender.is_ready() && shared.until > now {
                shared.until = now + self.settings.idle_timeout;
                return Some(Connection::Http2(shared.sender.clone()));
            }
            of_origin.http2 = None;
        }
        while let Some(idle) = of_origin.idle.pop() {
            kept.idle -= 1;
            if idle.until > now {
                return Some(Connection::Http1(idle.http1));
            }
        }
        None
    }

    /// Returns a connection to the pool after its response has been read to the end. `keep_alive` is how long
    /// the receiver said it will keep the connection open.
    pub(crate) async fn check_in(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        connection: Connection,
        keep_alive: Option<Duration>,
    ) {
        let Connection::Http1(mut http1) = connection else {
            return;
        };
        if !http1.is_ready()
            && !matches!(
                tokio::time::timeout(READY_WITHIN, http1.until_ready()).await,
                Ok(true)
            )
        {
            return;
        }
        // One second less than announced, because the announcement took time to arrive and so will the next
        // request.
        let announced = keep_alive.map_or(Duration::MAX, |it| it.saturating_sub(Duration::from_secs(1)));
        let idle_for = self.settings.idle_timeout.min(announced);
        if !idle_for.is_zero() {
            self.keep(
                origin,
                Idle {
                    http1,
                    until: Instant::now() + idle_for,
                },
            );
        }
    }

    fn keep(self: &Arc<Self>, origin: &Arc<Origin>, idle: Idle) {
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        if kept.idle >= self.settings.max_idle {
            return;
        }
        let of_origin = match kept.origins.get_mut(origin) {
            Some(of_origin) => of_origin,
            None => kept.origins.entry(Arc::clone(origin)).or_default(),
        };
        if of_origin.idle.len() < self.settings.max_idle_per_host {
            of_origin.idle.push(idle);
            kept.idle += 1;
        }
        self.start_sweeper(kept);
    }

    /// Shares a new HTTP/2 connection with other requests, unless the origin already has one that is ready.
    pub(crate) fn share(self: &Arc<Self>, origin: &Arc<Origin>, sender: &http2::SendRequest<Body>) {
        let until = Instant::now() + self.settings.idle_timeout;
        let mut kept = self.kept.lock();
        let of_origin = kept.origins.entry(Arc::clone(origin)).or_default();
        if of_origin
            .http2
            .as_ref()
            .is_none_or(|shared| !shared.sender.is_ready())
        {
            of_origin.http2 = Some(Shared {
                sender: sender.clone(),
                until,
            });
        }
        self.start_sweeper(&mut kept);
    }

    fn start_sweeper(self: &Arc<Self>, kept: &mut Kept) {
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
    }

    /// Drops expired connections. Returns whether any are left to sweep.
    fn sweep(&self) -> bool {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.origins.retain(|_, of_origin| {
            of_origin.idle.retain(|idle| idle.until > now);
            of_origin
                .http2
                .take_if(|shared| shared.until <= now || shared.sender.is_closed());
            !of_origin.idle.is_empty() || of_origin.http2.is_some()
        });
        kept.idle = kept.origins.values().map(|of_origin| of_origin.idle.len()).sum();
        kept.is_swept = !kept.origins.is_empty();
        kept.is_swept
    }
}
