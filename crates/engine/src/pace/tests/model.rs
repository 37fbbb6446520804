//! A lane with its pace, and models of receivers, on a clock of their own.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::*;

pub const TIMEOUT: Duration = Duration::from_secs(15);

/// The pauses between the three attempts.
const DELAYS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(100)];

pub const SLOTS: usize = 2_048;

/// Returns what a receiver does with a request that arrives at this time: how long it takes, and the status.
/// A request that takes longer than [`TIMEOUT`] gets no response.
pub type Receiver<'a> = dyn FnMut(Duration) -> (Duration, u16) + 'a;

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Takes `most` requests in each span of time, and responds with 429 to the others.
pub fn limited(most: u32, span: Duration) -> impl FnMut(Duration) -> (Duration, u16) {
    let mut taken: HashMap<u128, u32> = HashMap::new();
    move |now| {
        let taken = taken.entry(now.as_millis() / span.as_millis()).or_default();
        *taken += 1;
        (ms(2), if *taken <= most { 200 } else { 429 })
    }
}

/// Works on `most` requests at once, each for `takes`, and responds with 503 to the others.
pub fn narrow(most: usize, takes: Duration) -> impl FnMut(Duration) -> (Duration, u16) {
    let mut ends: Vec<Duration> = Vec::new();
    move |now| {
        ends.retain(|end| *end > now);
        if ends.len() == most {
            return (ms(1), 503);
        }
        ends.push(now + takes);
        (takes, 200)
    }
}

/// Works on `most` requests at once, each for `takes`, and queues the others.
pub fn queueing(most: usize, takes: Duration) -> impl FnMut(Duration) -> (Duration, u16) {
    let mut free: BinaryHeap<Reverse<Duration>> = (0..most).map(|_| Reverse(Duration::ZERO)).collect();
    move |now| {
        let Reverse(begins) = free.pop().unwrap_or_default();
        let end = begins.max(now) + takes;
        free.push(Reverse(end));
        (end.saturating_sub(now), 200)
    }
}

/// What happens next, at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Ends {
        delivery: usize,
        started: Duration,
        status: u16,
    },
    Due(usize),
    Timer,
}

#[derive(Debug, Default)]
pub struct Report {
    pub delivered: usize,
    /// When attempts ended without a 2xx.
    pub wasted_at: Vec<Duration>,
    pub failed: usize,
    /// How late attempts started, longest last.
    pub late: Vec<Duration>,
    /// When the nth delivery succeeded.
    done_at: Vec<Duration>,
}

impl Report {
    /// Attempts without a 2xx after the first burst, in which the pace learns.
    pub fn wasted(&self) -> usize {
        self.wasted_at.iter().filter(|at| **at > ms(2_000)).count()
    }

    /// When this share of all deliveries had succeeded.
    pub fn share_done_at(&self, share: f64) -> Duration {
        self.done_at[((self.done_at.len() - 1) as f64 * share) as usize]
    }
}

/// The lane of one receiver.
#[derive(Default)]
struct LaneModel {
    agenda: BinaryHeap<Reverse<(Duration, What)>>,
    /// Attempts of each delivery.
    attempts: Vec<usize>,
    pace: Pace,
    queue: VecDeque<(Duration, usize)>,
    in_flight: u32,
    timer: Option<Duration>,
    report: Report,
}

/// Delivers events that arrive at these times to one receiver.
pub fn deliver(arrivals: impl Iterator<Item = Duration>, receiver: &mut Receiver<'_>) -> Report {
    let mut lane = LaneModel::default();
    for at in arrivals {
        lane.agenda.push(Reverse((at, What::Due(lane.attempts.len()))));
        lane.attempts.push(0);
    }
    while let Some(Reverse((now, what))) = lane.agenda.pop() {
        match what {
            What::Timer => {}
            What::Due(delivery) => lane.queue.push_back((now, delivery)),
            What::Ends {
                delivery,
                started,
                status,
            } => lane.end(delivery, started, status, now),
        }
        while lane.start(now, receiver) {}
    }
    lane.report.late.sort();
    lane.report
}

impl LaneModel {
    /// Starts the next delivery, if it may. Returns whether it did.
    fn start(&mut self, now: Duration, receiver: &mut Receiver<'_>) -> bool {
        let Some(&(queued_at, delivery)) = self.queue.front() else {
            return false;
        };
        let in_flight = self.in_flight as usize;
        let slots = Slots {
            max: SLOTS,
            used: in_flight,
            used_giving_way: if self.pace.gives_way() { in_flight } else { 0 },
        };
        match self.pace.may_start(now, self.in_flight, queued_at, slots) {
            MayStart::Now => {}
            MayStart::At(at) | MayStart::Unreserved(at) => {
                if self.timer.is_none_or(|timer| timer <= now || at < timer) {
                    self.timer = Some(at);
                    self.agenda.push(Reverse((at, What::Timer)));
                }
                return false;
            }
            MayStart::Closed => return false,
        }
        self.queue.pop_front();
        self.attempts[delivery] += 1;
        self.report.late.push(now - queued_at);
        self.pace.started(now, self.in_flight);
        self.in_flight += 1;
        let (takes, status) = receiver(now);
        let ends = What::Ends {
            delivery,
            started: now,
            status: if takes > TIMEOUT { 0 } else { status },
        };
        self.agenda.push(Reverse((now + takes.min(TIMEOUT), ends)));
        true
    }

    fn end(&mut self, delivery: usize, started: Duration, status: u16, now: Duration) {
        let outcome = match status {
            200 => Outcome::Succeeded,
            0 => Outcome::Timeout,
            _ => Outcome::BadStatus,
        };
        let advice = Advice {
            overloaded: status == 503,
            rate_limited: status == 429,
            ..Advice::default()
        };
        let lesson = Lesson::of(outcome, advice, now - started).unwrap();
        self.pace.ended(started, Some(lesson), now);
        self.in_flight -= 1;
        if status == 200 {
            self.report.delivered += 1;
            self.report.done_at.push(now);
            return;
        }
        self.report.wasted_at.push(now);
        match DELAYS.get(self.attempts[delivery] - 1) {
            Some(delay) => self.agenda.push(Reverse((now + *delay, What::Due(delivery)))),
            None => self.report.failed += 1,
        }
    }
}
