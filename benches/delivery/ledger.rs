//! Records when each event was sent, accepted and delivered.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::Outcome;

/// One measurement: events numbered from 0, of which each is delivered `copies` times.
pub struct Ledger {
    started: Instant,
    /// When each event was sent, by number, in microseconds since the start.
    sent: Vec<AtomicU32>,
    accepts_us: Mutex<Vec<u32>>,
    delivers_us: Mutex<Vec<u32>>,
    arrivals: Vec<AtomicU32>,
    /// Arrivals, without repeats.
    wanted: AtomicU64,
    /// Arrivals beyond `copies`.
    repeats: AtomicU64,
    last_arrival_us: AtomicU64,
    copies: u32,
    complete: Notify,
}

/// Percentiles of durations, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Ledger {
    pub fn new(events: u32, copies: u32) -> Self {
        let zeroes = || (0..events).map(|_| AtomicU32::new(0)).collect();
        Self {
            started: Instant::now(),
            sent: zeroes(),
            accepts_us: Mutex::new(Vec::with_capacity(events as usize)),
            delivers_us: Mutex::new(Vec::with_capacity((events * copies) as usize)),
            arrivals: zeroes(),
            wanted: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
            last_arrival_us: AtomicU64::new(0),
            copies,
            complete: Notify::new(),
        }
    }

    /// How many events there are.
    pub fn events(&self) -> u32 {
        u32::try_from(self.sent.len()).unwrap_or(u32::MAX)
    }

    pub fn elapsed_us(&self) -> u32 {
        u32::try_from(self.started.elapsed().as_micros()).unwrap_or(u32::MAX)
    }

    pub fn sent(&self, number: u32, at_us: u32) {
        self.sent[number as usize].store(at_us, Ordering::Relaxed);
    }

    /// The microseconds since an event was sent; `None` for an unknown number.
    pub fn since_sent_us(&self, number: u32) -> Option<u32> {
        let sent = self.sent.get(number as usize)?;
        Some(self.elapsed_us().saturating_sub(sent.load(Ordering::Relaxed)))
    }

    pub fn accepted(&self, took_us: u32) {
        lock(&self.accepts_us).push(took_us);
    }

    pub fn arrived(&self, number: u32) {
        let Some(took_us) = self.since_sent_us(number) else {
            return;
        };
        let now = self.elapsed_us();
        if self.arrivals[number as usize].fetch_add(1, Ordering::Relaxed) >= self.copies {
            self.repeats.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lock(&self.delivers_us).push(took_us);
        self.last_arrival_us.store(u64::from(now), Ordering::Relaxed);
        let wanted = self.wanted.fetch_add(1, Ordering::Relaxed) + 1;
        if wanted == self.all() {
            self.complete.notify_waiters();
        }
    }

    fn all(&self) -> u64 {
        u64::from(self.events()) * u64::from(self.copies)
    }

    /// Arrivals so far, without repeats.
    pub fn delivered(&self) -> u64 {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Arrivals beyond the number of copies.
    pub fn repeats(&self) -> u64 {
        self.repeats.load(Ordering::Relaxed)
    }

    /// The time from the start to the last arrival.
    pub fn until_last_arrival(&self) -> Duration {
        Duration::from_micros(self.last_arrival_us.load(Ordering::Relaxed))
    }

    /// Waits until every event has arrived `copies` times.
    pub async fn all_delivered(&self, most: Duration) -> Outcome<()> {
        let wait = async {
            loop {
                let complete = self.complete.notified();
                if self.delivered() >= self.all() {
                    return;
                }
                complete.await;
            }
        };
        match tokio::time::timeout(most, wait).await {
            Ok(()) => Ok(()),
            Err(_) => Err(format!(
                "only {} of {} deliveries arrived within {most:?}",
                self.delivered(),
                self.all()
            )
            .into()),
        }
    }

    /// How long each request took until the server accepted its events.
    pub fn accept(&self) -> Percentiles {
        percentiles(&lock(&self.accepts_us))
    }

    /// [`Self::accept`] and [`Self::deliver`], for events that are posted one by one and delivered once. An
    /// event that was not accepted, or has not arrived, counts with `bound`.
    pub fn within(&self, bound: Duration) -> (Percentiles, Percentiles) {
        let bound_us = u32::try_from(bound.as_micros()).unwrap_or(u32::MAX);
        let padded = |durations_us: &Mutex<Vec<u32>>| {
            let mut durations_us = lock(durations_us).clone();
            durations_us.resize(self.sent.len(), bound_us);
            percentiles(&durations_us)
        };
        (padded(&self.accepts_us), padded(&self.delivers_us))
    }

    /// How long events took from the first byte that the producer sent to the last byte that the sink read.
    pub fn deliver(&self) -> Percentiles {
        percentiles(&lock(&self.delivers_us))
    }
}

/// Percentiles of microseconds, by rank.
pub fn percentiles(durations_us: &[u32]) -> Percentiles {
    let mut sorted = durations_us.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        let rank = (sorted.len() as f64 * share).ceil() as usize;
        sorted
            .get(rank.saturating_sub(1))
            .map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    };
    Percentiles {
        p50_ms: at(0.5),
        p99_ms: at(0.99),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
