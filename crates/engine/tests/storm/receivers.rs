//! Receivers of every kind.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use postrider_egress::Response;
use postrider_model::Outcome;
use tokio::time::Instant;

use crate::rng::Rng;

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Responds 200 within 50 ms.
    Well,
    /// Responds 500.
    Failing,
    /// Accepts no connection.
    Down,
    /// Accepts connections and never responds.
    Silent,
    /// Responds 200 after 1 to 11 s.
    Slow,
    /// A bit of everything.
    Moody,
    /// 429 beyond this many requests a second, with this `Retry-After`.
    Limited {
        per_s: usize,
        retry_after_s: Option<u64>,
    },
    /// 503 beyond this many requests at a time.
    Slots(usize),
    /// So many workers, of a second each, before a queue.
    Workers(usize),
    /// 410.
    Gone,
}

impl Kind {
    /// Any kind, well in a third of cases.
    pub fn random(rng: &mut Rng) -> Self {
        let per_s = rng.of(&[1, 5, 20]);
        let retry_after_s = rng.of(&[None, Some(1), Some(7), Some(120)]);
        rng.of(&[
            Self::Well,
            Self::Well,
            Self::Well,
            Self::Well,
            Self::Failing,
            Self::Down,
            Self::Silent,
            Self::Slow,
            Self::Moody,
            Self::Limited { per_s, retry_after_s },
            Self::Slots(4),
            Self::Workers(3),
            Self::Gone,
        ])
    }
}

/// A receiver and what it is doing.
#[derive(Debug)]
pub struct Receiver {
    pub kind: Kind,
    recent: VecDeque<Instant>,
    under_way: usize,
    free_at: Vec<Instant>,
}

/// When and how a receiver responds.
#[derive(Debug)]
pub struct Reaction {
    pub delay: Duration,
    pub response: Response,
}

impl Receiver {
    pub fn new() -> Self {
        Self {
            kind: Kind::Well,
            recent: VecDeque::new(),
            under_way: 0,
            free_at: Vec::new(),
        }
    }

    /// A request arrives.
    pub fn react(&mut self, rng: &mut Rng) -> Reaction {
        self.under_way += 1;
        let now = Instant::now();
        let quick = Duration::from_millis(1 + rng.below(50));
        let (delay, response) = match self.kind {
            Kind::Well => (quick, status(200)),
            Kind::Failing => (quick, status(500)),
            Kind::Down => (Duration::from_millis(1), failure(Outcome::ConnectError)),
            Kind::Silent => (Duration::from_secs(1_000), status(200)),
            Kind::Slow => (Duration::from_millis(1_000 + rng.below(10_000)), status(200)),
            Kind::Moody => moody(rng, quick),
            Kind::Limited { per_s, retry_after_s } => (quick, self.limited(now, per_s, retry_after_s)),
            Kind::Slots(slots) if self.under_way > slots => (quick, status(503)),
            Kind::Slots(_) => (Duration::from_millis(300), status(200)),
            Kind::Workers(workers) => (self.queued(now, workers), status(200)),
            Kind::Gone => (quick, status(410)),
        };
        Reaction { delay, response }
    }

    /// A request has ended.
    pub fn ended(&mut self) {
        self.under_way -= 1;
    }

    fn limited(&mut self, now: Instant, per_s: usize, retry_after_s: Option<u64>) -> Response {
        while self
            .recent
            .front()
            .is_some_and(|at| *at + Duration::from_secs(1) <= now)
        {
            self.recent.pop_front();
        }
        if self.recent.len() < per_s {
            self.recent.push_back(now);
            return status(200);
        }
        let header = |seconds: u64| ("Retry-After".to_owned(), seconds.to_string());
        Response {
            retry_after: retry_after_s.map(Duration::from_secs),
            headers: retry_after_s.map(header).into_iter().collect(),
            ..status(429)
        }
    }

    fn queued(&mut self, now: Instant, workers: usize) -> Duration {
        self.free_at.resize(workers, now);
        let free_at = self.free_at.iter_mut().min().expect("there are workers");
        *free_at = (*free_at).max(now) + Duration::from_secs(1);
        *free_at - now
    }
}

fn moody(rng: &mut Rng, quick: Duration) -> (Duration, Response) {
    match rng.below(10) {
        0..3 => (quick, status(503)),
        3 => (Duration::from_secs(1_000), status(200)),
        4 => (Duration::ZERO, failure(Outcome::TlsError)),
        _ => (quick * 10, status(200)),
    }
}

fn status(code: u16) -> Response {
    Response {
        outcome: match code {
            200..300 => Outcome::Succeeded,
            _ => Outcome::BadStatus,
        },
        status_code: Some(code),
        error: None,
        headers: Vec::new(),
        body: Bytes::new(),
        truncated: false,
        retry_after: None,
        waited: Duration::ZERO,
    }
}

/// No response, with this outcome.
pub fn failure(outcome: Outcome) -> Response {
    Response {
        outcome,
        status_code: None,
        error: Some("simulated".to_owned()),
        ..status(500)
    }
}
