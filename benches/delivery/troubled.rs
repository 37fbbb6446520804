//! Receivers in trouble: each on its own thread, each with one kind of trouble.
//!
//! An event is *taken* when it has been processed and the response is a 2xx, whether or not the sender still
//! waits for it. Taking an event again is needless.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::ledger::{Ledger, percentiles};
use crate::payload;
use crate::receiver::Receiver;
use crate::sink::{ERROR, OK};
use crate::wire::Inbox;

const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/// The kinds of trouble.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// Takes this many requests in any second, and responds with 429 beyond.
    Limited { per_s: usize },
    /// Takes this many requests at a time, and responds with 503 beyond.
    Crowded { slots: Slots },
    /// Takes this many requests at a time; the others wait, and are processed even if the sender has given
    /// up.
    Queued { slots: Slots },
    /// Never responds to the first attempt of each event whose number is a multiple of this, and at once to
    /// all others.
    Forgetful { every: u32 },
    /// Responds with 500 for a time, counted from the first request; is [`Self::Crowded`] afterwards.
    Down { lasts: Duration, slots: Slots },
}

/// How many requests a receiver processes at a time, and how long it takes for each.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    pub count: usize,
    pub work: Duration,
}

/// A receiver that runs until it is dropped.
pub struct Troubled {
    receiver: Receiver,
    seen: Arc<Seen>,
}

/// What the receiver has seen.
struct Seen {
    /// Records the events that were taken.
    ledger: Arc<Ledger>,
    requests: AtomicU32,
    refused: AtomicU32,
    /// For each event that the receiver takes at its first attempt: the time from the producer's first byte,
    /// in microseconds. [`Trouble::Forgetful`] only.
    first_attempts_us: Mutex<Vec<u32>>,
}

impl Troubled {
    /// Starts a receiver on a free port. It records in `ledger` which events it has taken.
    pub fn start(trouble: Trouble, ledger: &Arc<Ledger>) -> io::Result<Self> {
        let seen = Arc::new(Seen {
            ledger: Arc::clone(ledger),
            requests: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            first_attempts_us: Mutex::default(),
        });
        let for_thread = Arc::clone(&seen);
        let receiver = Receiver::start("troubled", Receiver::free(), move || {
            let state = Rc::new(State::new(trouble, for_thread));
            move |stream| connection(stream, Rc::clone(&state))
        })?;
        Ok(Self { receiver, seen })
    }

    pub fn url(&self, path: &str) -> String {
        let host = format!("troubled-{}", self.receiver.address().port());
        self.receiver.url_of(&host, path)
    }

    /// Requests so far.
    pub fn requests(&self) -> u32 {
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// Requests that got a 429 or a 503.
    pub fn refused(&self) -> u32 {
        self.seen.refused.load(Ordering::Relaxed)
    }

    /// The 99th percentile of the time from sending an event to its first attempt, in milliseconds, over the
    /// events that were taken then. Only [`Trouble::Forgetful`] knows it.
    pub fn first_attempt_p99_ms(&self) -> f64 {
        percentiles(&lock(&self.seen.first_attempts_us)).p99_ms
    }
}

impl Trouble {
    /// The time that the receiver needs for this many events if all goes well. `None` if its capacity has no
    /// bound. `retry_delay` is the delay of the first retry.
    pub fn needs(self, events: u32, retry_delay: Duration) -> Option<Duration> {
        match self {
            Self::Limited { per_s } => Some(Duration::from_secs(1) * events / per_s as u32),
            Self::Crowded { slots } | Self::Queued { slots } => Some(slots.need(events)),
            Self::Forgetful { .. } => None,
            Self::Down { slots, .. } => Some(retry_delay + slots.need(events)),
        }
    }

    fn slots(self) -> usize {
        match self {
            Self::Limited { .. } | Self::Forgetful { .. } => 0,
            Self::Crowded { slots } | Self::Queued { slots } | Self::Down { slots, .. } => slots.count,
        }
    }
}

impl Slots {
    fn need(self, events: u32) -> Duration {
        self.work * events / self.count as u32
    }
}

/// The state of a receiver, on its thread.
struct State {
    trouble: Trouble,
    seen: Arc<Seen>,
    free_slots: Semaphore,
    /// When requests were taken within the last second.
    recent: RefCell<VecDeque<Instant>>,
    first_request: OnceCell<Instant>,
    attempted: RefCell<HashSet<u32>>,
}

async fn connection(mut stream: TcpStream, state: Rc<State>) {
    let mut inbox = Inbox::new();
    // An error means that the sender closed the connection.
    while let Ok(Some(message)) = inbox.request(&mut stream).await {
        let Some(number) = payload::number(message.body) else {
            return;
        };
        let Some(response) = state.respond(number).await else {
            continue;
        };
        if stream.write_all(response).await.is_err() {
            return;
        }
    }
}

impl State {
    fn new(trouble: Trouble, seen: Arc<Seen>) -> Self {
        Self {
            trouble,
            seen,
            free_slots: Semaphore::new(trouble.slots()),
            recent: RefCell::default(),
            first_request: OnceCell::new(),
            attempted: RefCell::default(),
        }
    }

    /// The response to a request for this event; `None` if there is none.
    async fn respond(&self, number: u32) -> Option<&'static [u8]> {
        self.seen.requests.fetch_add(1, Ordering::Relaxed);
        let first_request = *self.first_request.get_or_init(Instant::now);
        match self.trouble {
            Trouble::Limited { per_s } => Some(self.limited(number, per_s)),
            Trouble::Crowded { slots } => Some(self.crowded(number, slots.work).await),
            Trouble::Queued { slots } => {
                // A queue that is never closed always grants a slot.
                let _slot = self.free_slots.acquire().await.ok()?;
                tokio::time::sleep(slots.work).await;
                Some(self.take(number))
            }
            Trouble::Forgetful { every } => self.forgetful(number, every),
            Trouble::Down { lasts, .. } if first_request.elapsed() < lasts => Some(ERROR),
            Trouble::Down { slots, .. } => Some(self.crowded(number, slots.work).await),
        }
    }

    fn limited(&self, number: u32, per_s: usize) -> &'static [u8] {
        let mut recent = self.recent.borrow_mut();
        while recent
            .front()
            .is_some_and(|taken| taken.elapsed() >= Duration::from_secs(1))
        {
            recent.pop_front();
        }
        if recent.len() >= per_s {
            return self.refuse(TOO_MANY);
        }
        recent.push_back(Instant::now());
        self.take(number)
    }

    async fn crowded(&self, number: u32, work: Duration) -> &'static [u8] {
        let Ok(_slot) = self.free_slots.try_acquire() else {
            return self.refuse(UNAVAILABLE);
        };
        tokio::time::sleep(work).await;
        self.take(number)
    }

    fn forgetful(&self, number: u32, every: u32) -> Option<&'static [u8]> {
        if self.attempted.borrow_mut().insert(number) {
            if number.is_multiple_of(every) {
                return None;
            }
            let took_us = self.seen.ledger.since_sent_us(number)?;
            lock(&self.seen.first_attempts_us).push(took_us);
        }
        Some(self.take(number))
    }

    fn take(&self, number: u32) -> &'static [u8] {
        self.seen.ledger.arrived(number);
        OK
    }

    fn refuse(&self, response: &'static [u8]) -> &'static [u8] {
        self.seen.refused.fetch_add(1, Ordering::Relaxed);
        response
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
