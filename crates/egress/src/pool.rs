//! Connections that are kept between requests.
//!
//! A small pool of our own over hyper's connections, and not hyper-util's client, for four reasons. A
//! connection is back in the pool before the attempt that used it is over, so that requests in a row use one
//! connection (that client returns it from a task of its own, and the next request may find nothing and
//! dial). There is no race of two futures per request. An HTTP/1 connection has no task
//! ([`crate::connection`]). And the pool sees what became of a request that was *not* sent.
//!
//! **When a request is repeated.** An attempt is one HTTP request, so nothing that a receiver may have begun
//! to act on is sent again within it. Only what provably was not processed is: a request that hyper hands
//! back because the connection turned out to be closed before a byte of it was written ([`crate::wire`] sees
//! to that), and over HTTP/2 one that the receiver itself declares unprocessed (RFC 9113 section 8.7: above
//! the last stream of a GOAWAY, or refused). What is left is a receiver that closes an idle connection in the
//! very milliseconds that our request is on its way. Browsers repeat there on a guess; we cannot tell it from
//! a receiver that crashed on the request, so it is a failed attempt. [`PoolSettings::idle_timeout`] makes it
//! rare: it is shorter than the five seconds after which the impatient servers (Node, Apache, uvicorn) hang
//! up, and a `Keep-Alive: timeout` that is shorter still is obeyed.
//!
//! Nobody polls an idle HTTP/1 connection. One that the receiver has closed keeps its place until a request
//! tries it, which costs that request nothing but the next connection, or until its time is up. Idle
//! connections are closed by a sweeper that runs while there are any.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http2;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::connection::{Body, Connection, Http1};
use crate::destination::Origin;

/// How often expired connections are looked for. Expired ones are never used, whether or not they are still
/// there.
const SWEEP: Duration = Duration::from_secs(1);

/// How long a connection may take to be ready again once its response has been read. It is ready at once
/// unless the receiver answered before it had read the whole request; that connection is not worth keeping.
const SETTLE: Duration = Duration::from_millis(10);

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

    /// A connection that was open when it was last looked at: the HTTP/2 one, or the HTTP/1 one that was used
    /// last.
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

    /// Gives a connection back whose response has been read to its end. `keep_alive` is what the receiver
    /// said about how long it will wait.
    pub(crate) async fn give_back(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        connection: Connection,
        keep_alive: Option<Duration>,
    ) {
        let Connection::Http1(mut http1) = connection else {
            return;
        };
        if !http1.is_ready() && !matches!(tokio::time::timeout(SETTLE, http1.settle()).await, Ok(true)) {
            return;
        }
        // A second less than announced, since the announcement took time to get here and the next request
        // will too.
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

    /// Lets others use a new HTTP/2 connection too, unless they have one already.
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

    /// Drops what has expired. Answers whether anything is left to sweep.
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
