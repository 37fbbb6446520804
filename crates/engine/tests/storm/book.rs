//! What a storm knows: everything that was sent, recorded and acknowledged, and each promise that was broken.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use postrider_model::{AccountId, EventId};
use tokio::time::Instant;

/// How long another node may act on what it knew before: a change takes effect on every node within a second.
const STALE_MAX: Duration = Duration::from_millis(1_100);

/// Delays of the default schedule.
const DELAYS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(100)];

/// Attempts of the default schedule.
const ATTEMPTS: usize = 3;

/// How soon the bystander's events are sent while nothing disturbs its node.
const PROMPT: Duration = Duration::from_secs(2);

/// For how long an outage or a crash excuses lateness afterwards: a lease, and a rescan.
const AFTERMATH: Duration = Duration::from_secs(65);

/// One run of a node. Runs are numbered over all nodes.
pub type Life = usize;

#[derive(Debug, Default)]
pub struct Book {
    pub violations: Vec<String>,
    /// Acknowledged events, with the number of their deliveries.
    pub acked: HashMap<EventId, (AccountId, u32)>,
    /// When lives began, and how many ended otherwise than by an orderly stop; sessions too.
    pub lives: Vec<Instant>,
    pub deaths: usize,
    /// Deliveries that were resent or replayed.
    pub resent: HashSet<String>,
    pub disturbances: Vec<(Instant, Instant)>,
    sent: HashMap<String, Sent>,
    succeeded: HashMap<String, (Instant, Life)>,
    off: HashMap<String, (Instant, Life)>,
    in_flight: HashMap<Life, usize>,
    /// When the bystander's events were acknowledged, and when events were first sent.
    bystander: HashMap<String, Instant>,
    first_sent: HashMap<String, Instant>,
}

#[derive(Debug, Default)]
struct Sent {
    body: Bytes,
    event: String,
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Request {
    number: u32,
    began: Instant,
    ended: Option<Instant>,
}

/// A request as it leaves a node.
pub struct Leaving<'a> {
    pub life: Life,
    pub url: &'a str,
    pub delivery: &'a str,
    pub event: &'a str,
    pub number: u32,
    pub body: &'a Bytes,
}

impl Book {
    pub fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// Whether what was known at `since` to `by` must be known to `life` now.
    fn must_know(&self, life: Life, (since, by): (Instant, Life)) -> bool {
        life == by || self.lives[life] > since || since.elapsed() > STALE_MAX
    }

    /// A request leaves. Returns its number among those of its delivery.
    pub fn leaves(&mut self, request: &Leaving<'_>, in_flight_max: usize) -> usize {
        let Leaving {
            life, url, delivery, ..
        } = *request;
        if let Some(known) = self.succeeded.get(delivery)
            && !self.resent.contains(delivery)
            && self.must_know(life, *known)
        {
            let ago = known.0.elapsed();
            self.violation(format!(
                "{delivery} was sent by life {life}, {ago:?} after life {} recorded its success",
                known.1
            ));
        }
        if let Some(known) = self.off.get(url)
            && self.must_know(life, *known)
        {
            let ago = known.0.elapsed();
            self.violation(format!(
                "{url} was called by life {life}, {ago:?} after it was switched off by life {}",
                known.1
            ));
        }
        let in_flight = self.in_flight.entry(life).or_default();
        *in_flight += 1;
        if *in_flight > in_flight_max {
            let text = format!("{in_flight} requests under way in life {life}");
            self.violation(text);
        }
        if request.number as usize > ATTEMPTS && !self.resent.contains(delivery) {
            self.violation(format!("{delivery} has an attempt {}", request.number));
        }
        let first_sent = self.first_sent.entry(request.event.to_owned());
        first_sent.or_insert_with(Instant::now);
        let sent = self.sent.entry(delivery.to_owned()).or_insert_with(|| Sent {
            body: request.body.clone(),
            event: request.event.to_owned(),
            requests: Vec::new(),
        });
        let is_same = sent.body == *request.body && sent.event == request.event;
        sent.requests.push(Request {
            number: request.number,
            began: Instant::now(),
            ended: None,
        });
        let index = sent.requests.len() - 1;
        if !is_same {
            self.violation(format!("{delivery} was sent with other bytes or another id"));
        }
        index
    }

    /// A request that left has ended.
    pub fn ends(&mut self, life: Life, delivery: &str, index: usize) {
        *self.in_flight.entry(life).or_default() -= 1;
        if let Some(sent) = self.sent.get_mut(delivery) {
            sent.requests[index].ended = Some(Instant::now());
        }
    }

    /// The success of a delivery is on record.
    pub fn succeeded(&mut self, delivery: String, life: Life) {
        self.succeeded.entry(delivery).or_insert((Instant::now(), life));
    }

    /// A change that switched this URL off was acknowledged.
    pub fn switched_off(&mut self, url: String, life: Life) {
        self.off.insert(url, (Instant::now(), life));
    }

    /// The URL is about to be switched on.
    pub fn switching_on(&mut self, url: &str) {
        self.off.remove(url);
    }

    /// An event of the bystander was acknowledged.
    pub fn bystander_acked(&mut self, event: String) {
        self.bystander.entry(event).or_insert_with(Instant::now);
    }

    /// Something goes wrong until `until`, which excuses lateness.
    pub fn disturbed(&mut self, until: Instant) {
        self.disturbances.push((Instant::now(), until + AFTERMATH));
    }

    /// Checks what can be checked only at the end.
    pub fn check_at_the_end(&mut self, has_steps: bool, is_roomy: bool) {
        let mut found = Vec::new();
        for (delivery, sent) in &self.sent {
            if self.resent.contains(delivery) {
                continue;
            }
            let most = ATTEMPTS + self.deaths;
            if sent.requests.len() > most {
                found.push(format!(
                    "{delivery} was sent {} times; {} nodes or sessions died",
                    sent.requests.len(),
                    self.deaths
                ));
            }
            if !has_steps {
                found.extend(sent.spacing().map(|text| format!("{delivery}: {text}")));
            }
        }
        for (event, acked) in self.bystander.iter().filter(|_| is_roomy) {
            let sent = self.first_sent.get(event);
            let late_at = *acked + PROMPT;
            let is_late = sent.is_none_or(|sent| *sent > late_at);
            let is_excused = self
                .disturbances
                .iter()
                .any(|(from, to)| *from <= late_at && *acked <= *to);
            if is_late && !is_excused {
                found.push(format!(
                    "{event} of the bystander was acknowledged and then sent after {:?}",
                    sent.map(|sent| *sent - *acked)
                ));
            }
        }
        self.violations.extend(found);
    }

    /// All requests of all deliveries.
    pub fn requests(&self) -> usize {
        self.sent.values().map(|sent| sent.requests.len()).sum()
    }
}

impl Sent {
    /// Whether an attempt began too early after the one before.
    fn spacing(&self) -> Option<String> {
        for (number, delay) in (1..).zip(DELAYS) {
            let ends = self.requests.iter().filter(|request| request.number == number);
            let Some(end) = ends.filter_map(|request| request.ended).min() else {
                continue;
            };
            let next = self
                .requests
                .iter()
                .filter(|request| request.number == number + 1);
            // Times are kept in milliseconds.
            let earliest = end + delay - Duration::from_millis(2);
            if let Some(early) = next.map(|request| request.began).find(|began| *began < earliest) {
                return Some(format!(
                    "attempt {} began {:?} after attempt {number} had ended",
                    number + 1,
                    early - end
                ));
            }
        }
        None
    }
}
