//! One connection: what is known about its client, and when it ends.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use parking_lot::Mutex;
use postrider_web::client::Acquaint;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::strangers::{STRANGERS_PER_CONNECTION, StrangerRoom};

/// The state of a connection, which its task, its requests and [`super::places::Places`] share.
#[derive(Debug)]
pub struct Connection {
    pub id: u64,
    /// When the listener began. Times count from then, in milliseconds.
    epoch: Instant,
    /// The other end.
    pub peer: IpAddr,
    /// Whether the limit of places per peer applies.
    pub is_limited: bool,
    /// Requests whose response has not left yet.
    in_flight: AtomicU32,
    /// When the last of them ended, or the connection began.
    idle_since_ms: AtomicU64,
    /// Whether a request had a valid API key or session.
    is_known: AtomicBool,
    version: AtomicU8,
    stage: AtomicU8,
    /// When the connection began to close.
    closing_since_ms: AtomicU64,
    staged: Notify,
    /// When the requests of strangers began, plus one; zero where there is none.
    strangers: [AtomicU64; STRANGERS_PER_CONNECTION],
    /// The periods by which the progress of responses is noted.
    period_ms: u64,
    /// How many responses are leaving, by the period in which they last made progress, modulo three.
    leaving: [AtomicU32; 3],
}

/// How far a connection is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// It accepts requests.
    Open,
    /// It finishes the requests in flight, after a GOAWAY over HTTP/2.
    Closing,
    /// Like `Closing`, but without waiting for the client's acknowledgement: its place is needed.
    Evicted,
    /// It ends at once.
    Aborted,
}

const STAGES: [Stage; 4] = [Stage::Open, Stage::Closing, Stage::Evicted, Stage::Aborted];

/// The version of a connection whose requests came over HTTP/2.
const HTTP2: u8 = 2;

impl Connection {
    /// A connection that begins now. A response that makes no progress is noticed after one to two periods.
    pub fn new(id: u64, epoch: Instant, period: Duration, peer: IpAddr, is_limited: bool) -> Self {
        Self {
            id,
            epoch,
            peer,
            is_limited,
            in_flight: AtomicU32::new(0),
            idle_since_ms: AtomicU64::new(ms_since(epoch)),
            is_known: AtomicBool::new(false),
            version: AtomicU8::new(0),
            stage: AtomicU8::new(Stage::Open as u8),
            closing_since_ms: AtomicU64::new(0),
            staged: Notify::new(),
            strangers: [const { AtomicU64::new(0) }; STRANGERS_PER_CONNECTION],
            period_ms: u64::try_from(period.as_millis()).unwrap_or(u64::MAX),
            leaving: [const { AtomicU32::new(0) }; 3],
        }
    }

    /// Counts a request that begins, and notes its version.
    pub fn begin(&self, is_http2: bool) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        if is_http2 {
            self.version.store(HTTP2, Ordering::Relaxed);
        }
    }

    /// Counts a request that ends.
    pub fn end(&self) {
        // The time first: a reader that sees no request in flight must not see an old time with it.
        self.idle_since_ms.store(ms_since(self.epoch), Ordering::Release);
        self.in_flight.fetch_sub(1, Ordering::Release);
    }

    /// Since when no request is in flight; `None` while one is.
    pub fn idle_since_ms(&self) -> Option<u64> {
        let is_idle = self.in_flight.load(Ordering::Acquire) == 0;
        is_idle.then(|| self.idle_since_ms.load(Ordering::Acquire))
    }

    /// Whether a request had a valid API key or session.
    pub fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// Notes that a request had a valid API key or session.
    pub fn make_known(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// The stage.
    pub fn stage(&self) -> Stage {
        STAGES[usize::from(self.stage.load(Ordering::Acquire))]
    }

    /// Moves on to this stage; never back.
    pub fn advance(&self, stage: Stage, now_ms: u64) {
        if self.stage.fetch_max(stage as u8, Ordering::AcqRel) == Stage::Open as u8 {
            self.closing_since_ms.store(now_ms, Ordering::Relaxed);
        }
        self.staged.notify_one();
    }

    /// For how long the connection has been closing.
    pub fn closing_for_ms(&self, now_ms: u64) -> Option<u64> {
        let is_closing = self.stage() > Stage::Open;
        is_closing.then(|| now_ms.saturating_sub(self.closing_since_ms.load(Ordering::Relaxed)))
    }

    /// When the oldest request of a stranger began that is still in flight.
    pub fn oldest_stranger_ms(&self) -> Option<u64> {
        let began = self.strangers.iter().map(|slot| slot.load(Ordering::Relaxed));
        began.filter(|began| *began > 0).min().map(|began| began - 1)
    }

    /// Whether a response has made no progress for a whole period: its client does not read.
    pub fn is_stuck(&self, now_ms: u64) -> bool {
        // The period before the last one.
        let before = (now_ms / self.period_ms + 1) % 3;
        self.leaving[before as usize].load(Ordering::Relaxed) > 0
    }

    /// The present period, modulo three.
    fn period(&self) -> usize {
        (ms_since(self.epoch) / self.period_ms % 3) as usize
    }

    fn take_stranger_slot(&self) -> Option<usize> {
        let now_ms = ms_since(self.epoch);
        let take = |slot: &AtomicU64| {
            slot.compare_exchange(0, now_ms + 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        self.strangers.iter().position(take)
    }
}

/// Milliseconds since then.
pub fn ms_since(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A request in flight of a stranger: somebody who has not shown a valid API key or session yet.
#[derive(Debug)]
pub struct Stranger {
    connection: Arc<Connection>,
    slot: usize,
    is_over: AtomicBool,
    /// `None` for a probe, which needs no room, and once it is over.
    room: Mutex<Option<StrangerRoom>>,
}

impl Stranger {
    /// A request that begins; `None` if the connection has too many of them.
    pub fn begin(connection: &Arc<Connection>, room: Option<StrangerRoom>) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            slot: connection.take_stranger_slot()?,
            connection: Arc::clone(connection),
            is_over: AtomicBool::new(false),
            room: Mutex::new(room),
        }))
    }

    /// Frees what the request occupies as a stranger's.
    pub fn end(&self) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            self.connection.strangers[self.slot].store(0, Ordering::Relaxed);
            self.room.lock().take();
        }
    }
}

impl Acquaint for Stranger {
    fn is_known(&self) {
        self.connection.make_known();
        self.end();
    }
}

/// A response that is leaving.
#[derive(Debug)]
pub struct Progress {
    connection: Arc<Connection>,
    /// Where [`Connection::leaving`] counts it.
    counted: usize,
}

impl Progress {
    /// A response that begins to leave.
    pub fn begin(connection: &Arc<Connection>) -> Self {
        let connection = Arc::clone(connection);
        let counted = connection.period();
        connection.leaving[counted].fetch_add(1, Ordering::Relaxed);
        Self { connection, counted }
    }

    /// Notes that the connection asks for more of it.
    pub fn note(&mut self) {
        let now = self.connection.period();
        if now != self.counted {
            self.connection.leaving[now].fetch_add(1, Ordering::Relaxed);
            self.connection.leaving[self.counted].fetch_sub(1, Ordering::Relaxed);
            self.counted = now;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.connection.leaving[self.counted].fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves the connection until it ends.
pub async fn run<C: GracefulConnection>(serving: C, connection: &Connection) {
    let mut serving = pin!(serving);
    let mut staged = pin!(connection.staged.notified());
    let mut stage = Stage::Open;
    loop {
        // Over HTTP/2, each request has a task of its own, and the first response of many wakes the
        // connection. The others get their turn to put theirs on it, so that they leave in one write.
        if connection.version.load(Ordering::Relaxed) == HTTP2 {
            tokio::task::yield_now().await;
        }
        let mut is_woken = false;
        let is_over = poll_fn(|context| {
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready(false);
            }
            // The client causes the errors here: it disconnected, or did not speak HTTP.
            if serving.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
            while staged.as_mut().poll(context).is_ready() {
                staged.set(connection.staged.notified());
            }
            let now = connection.stage();
            if now == stage {
                return Poll::Pending;
            }
            if stage == Stage::Open {
                serving.as_mut().graceful_shutdown();
                // This sends what says goodbye.
                if serving.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
            }
            stage = now;
            let is_evicted = stage == Stage::Evicted && connection.idle_since_ms().is_some();
            if is_evicted || stage == Stage::Aborted {
                return Poll::Ready(true);
            }
            Poll::Pending
        });
        if is_over.await {
            return;
        }
    }
}
