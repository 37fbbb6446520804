//! Compares what was accepted, what the record says, and what the receivers saw.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::{Account, Api};
use serde_json::Value;

use super::disturbances::{Disturbance, Due, Whom, cause_of_repeat, is_untouched};
use super::producers::{PATIENCE, Produced, SlowRequest};
use super::receivers::{Key, Request};

/// The default schedule.
const DELAYS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(100)];

/// How far a retry may be from its due time.
const DEVIATION_MAX: Duration = Duration::from_secs(1);

/// How many tasks read the record at the same time.
const READERS: usize = 12;

/// A delivery that the record showed as succeeded.
pub struct SucceededDelivery {
    id: String,
    key: Key,
    settled_at: Value,
    seen_at: Instant,
}

/// A delivery: its record, and the requests that its receiver saw, in order.
pub struct Story {
    /// The delivery as the API shows it, with its attempts.
    pub record: Value,
    /// The requests.
    pub requests: Vec<Request>,
}

/// A delivery that was received again after a success.
pub struct Repeat<'a> {
    /// The delivery.
    pub key: &'a Key,
    /// The disturbance that explains it, if any.
    pub cause: Option<&'a Disturbance>,
    /// How long before the disturbance it was first received: its result was unrecorded for that long.
    pub unrecorded: Duration,
}

/// A retry, and how punctual it was.
pub struct Retry {
    /// Whether no disturbance can have delayed it.
    pub is_untouched: bool,
    /// How far it was from its due time, in either direction.
    pub deviation: Duration,
}

/// All evidence at the end of the test.
pub struct Evidence {
    /// The results of the producers.
    pub produced: Produced,
    /// The disturbances.
    pub disturbances: Vec<Disturbance>,
    /// The deliveries.
    pub stories: HashMap<Key, Story>,
    /// Deliveries that the record showed as succeeded during the test.
    pub succeeded: Vec<SucceededDelivery>,
    /// The actions of every event.
    pub actions: Vec<String>,
    /// How many events the record holds.
    pub events: usize,
    /// The least that this evidence must contain.
    pub enough: Enough,
}

/// The least evidence with which the test shows something.
#[derive(Debug, Clone, Copy)]
pub struct Enough {
    /// Events.
    pub events: usize,
    /// Retries without a disturbance.
    pub untouched_retries: usize,
}

impl SucceededDelivery {
    /// The latest succeeded deliveries.
    pub async fn read(account: &Account) -> Vec<Self> {
        let path = account.at("/deliveries?status=succeeded&limit=250");
        let page = account.api.get(path).await.expect(200);
        let seen_at = Instant::now();
        let succeeded = |delivery: &Value| Self {
            id: id_of(delivery),
            key: key_of(delivery),
            settled_at: delivery["settled_at"].clone(),
            seen_at,
        };
        let page = page["data"].as_array().expect("a list has data");
        page.iter().map(succeeded).collect()
    }
}

impl Story {
    /// The requests that got a 2xx response.
    pub fn receipts(&self) -> Vec<&Request> {
        self.requests
            .iter()
            .filter(|request| request.is_receipt)
            .collect()
    }

    /// How many attempts succeeded according to the record.
    pub fn recorded_successes(&self) -> usize {
        let attempts = attempts_of(&self.record).iter();
        attempts
            .filter(|attempt| attempt["outcome"] == "succeeded")
            .count()
    }
}

impl Evidence {
    /// Deliveries of accepted events that did not arrive, or did not succeed according to the record.
    pub fn lost(&self) -> Vec<Key> {
        let arrived = |key: &Key| {
            self.stories
                .get(key)
                .is_some_and(|story| story.record["status"] == "succeeded" && !story.receipts().is_empty())
        };
        let all = self
            .produced
            .accepted
            .keys()
            .flat_map(|event| self.actions.iter().map(|action| (event.clone(), action.clone())));
        all.filter(|key| !arrived(key)).collect()
    }

    /// Each receipt after a delivery's first.
    pub fn repeats(&self) -> Vec<Repeat<'_>> {
        let of_story = |(key, story): (&'_ Key, &'_ Story)| {
            let key = self.stories.get_key_value(key).map(|(key, _)| key);
            let repeat = |pair: &[&Request]| {
                let cause = cause_of_repeat(&self.disturbances, pair[0].node, pair[0].at, pair[1].at);
                let started = cause.map(|cause| cause.span.start);
                Some(Repeat {
                    key: key?,
                    cause,
                    unrecorded: started
                        .map(|started| started.saturating_duration_since(pair[0].at))
                        .unwrap_or_default(),
                })
            };
            let receipts = story.receipts();
            receipts.windows(2).filter_map(repeat).collect::<Vec<_>>()
        };
        self.stories.iter().flat_map(of_story).collect()
    }

    /// Slow tries for which no disturbance of the node is an excuse.
    pub fn slow_requests(&self) -> Vec<&SlowRequest> {
        let is_undisturbed = |slow: &&SlowRequest| {
            let mut all = self.disturbances.iter();
            !all.any(|found| found.may_hold_up(slow.node, &slow.span))
        };
        self.produced.slow.iter().filter(is_undisturbed).collect()
    }

    /// Every attempt that followed a failed attempt.
    pub fn retries(&self) -> Vec<(&Key, Retry)> {
        let retry = |pair: &[Request]| {
            let [first, second] = pair else { return None };
            if first.is_receipt || second.attempt != first.attempt + 1 {
                return None;
            }
            let delay = *DELAYS.get(usize::try_from(first.attempt).ok()?.checked_sub(1)?)?;
            let due = first.at + delay;
            let schedule = Due {
                failed_by: first.node,
                failed_at: first.at,
                sent_by: second.node,
                at: due,
            };
            let late = second.at.saturating_duration_since(due);
            Some(Retry {
                is_untouched: is_untouched(&self.disturbances, &schedule),
                deviation: late.max(due.saturating_duration_since(second.at)),
            })
        };
        let of_story = |(key, story): (&'_ Key, &'_ Story)| {
            let key = self.stories.get_key_value(key).map(|(key, _)| key);
            let retries = story.requests.windows(2).filter_map(retry);
            retries
                .filter_map(|retry| Some((key?, retry)))
                .collect::<Vec<_>>()
        };
        self.stories.iter().flat_map(of_story).collect()
    }

    /// All contradictions in the evidence, in words.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.produced.unexpected.clone();
        faults.extend(self.faults_of_numbers());
        faults.extend(self.lost().iter().map(|key| {
            let record = self.stories.get(key).map(|story| &story.record);
            format!("{key:?} is lost: {record:?}")
        }));
        let unexplained = |repeat: &Repeat| {
            let account = || format!("it came again: {}", self.account_of(repeat.key));
            repeat.cause.is_none().then(account)
        };
        faults.extend(self.repeats().iter().filter_map(unexplained));
        let unpunctual = |(key, retry): &(&Key, Retry)| {
            let is_fault = retry.is_untouched && retry.deviation > DEVIATION_MAX;
            is_fault.then(|| {
                format!(
                    "a retry is off by {:?}: {}",
                    retry.deviation,
                    self.account_of(key)
                )
            })
        };
        faults.extend(self.retries().iter().filter_map(unpunctual));
        faults.extend(self.stories.iter().flat_map(|(key, story)| {
            let faults = faults_of_story(story);
            faults.map(|fault| format!("{fault}: {}", self.account_of(key)))
        }));
        let without_response = |slow: &&SlowRequest| {
            let took = slow.span.end - slow.span.start;
            (took >= PATIENCE)
                .then(|| format!("node {} was healthy, and did not respond for {took:?}", slow.node))
        };
        faults.extend(self.slow_requests().iter().filter_map(without_response));
        faults.extend(
            self.succeeded
                .iter()
                .filter_map(|succeeded| self.fault_of_succeeded(succeeded)),
        );
        faults
    }

    fn faults_of_numbers(&self) -> Vec<String> {
        let accepted = &self.produced.accepted;
        let numbers: HashSet<u64> = accepted.values().map(|accepted| accepted.number).collect();
        let untouched = self.retries();
        let untouched = untouched.iter().filter(|(_, retry)| retry.is_untouched).count();
        let mut faults = Vec::new();
        if accepted.len() < self.enough.events {
            faults.push(format!("only {} events: this shows nothing", accepted.len()));
        }
        if untouched < self.enough.untouched_retries {
            faults.push(format!(
                "only {untouched} undisturbed retries: this shows nothing"
            ));
        }
        if numbers.len() != accepted.len() {
            faults.push(format!(
                "{} events came of {} posts",
                accepted.len(),
                numbers.len()
            ));
        }
        if self.events != accepted.len() {
            faults.push(format!(
                "{} are on record of {} accepted",
                self.events,
                accepted.len()
            ));
        }
        let expected = accepted.len() * self.actions.len();
        if self.stories.len() != expected {
            faults.push(format!("{} deliveries instead of {expected}", self.stories.len()));
        }
        faults
    }

    /// A delivery that was seen as succeeded stays so, and is not sent again, except by a node that was
    /// disturbed at the time.
    fn fault_of_succeeded(&self, succeeded: &SucceededDelivery) -> Option<String> {
        let story = &self.stories[&succeeded.key];
        if story.record["settled_at"] != succeeded.settled_at {
            let then = &succeeded.settled_at;
            return Some(format!(
                "{} was settled at {then}: {}",
                succeeded.id, story.record
            ));
        }
        let is_excused = |request: &Request| {
            let excuses = |found: &Disturbance| {
                found.whom != Whom::Database && found.may_lose(request.node, request.at)
            };
            self.disturbances.iter().any(excuses)
        };
        let mut later = story
            .requests
            .iter()
            .filter(|request| request.at > succeeded.seen_at);
        later.any(|request| !is_excused(request)).then(|| {
            format!(
                "it was seen as succeeded, then sent: {}",
                self.account_of(&succeeded.key)
            )
        })
    }

    /// A delivery in a few words: its requests (node, attempt, whether 2xx), with times relative to the first
    /// disturbance.
    fn account_of(&self, key: &Key) -> String {
        let Some(begin) = self.disturbances.first().map(|first| first.span.start) else {
            return format!("{key:?}");
        };
        let at = |instant: Instant| match instant.checked_duration_since(begin) {
            Some(after) => format!("{:.2}", after.as_secs_f64()),
            None => format!("-{:.2}", begin.duration_since(instant).as_secs_f64()),
        };
        let story = &self.stories[key];
        let requests: Vec<String> = story
            .requests
            .iter()
            .map(|request| {
                let Request {
                    node,
                    attempt,
                    is_receipt,
                    ..
                } = request;
                format!(
                    "{} s node {node} attempt {attempt} received {is_receipt}",
                    at(request.at)
                )
            })
            .collect();
        let disturbances: Vec<String> = self
            .disturbances
            .iter()
            .map(|found| format!("{:?} {}–{}", found.whom, at(found.span.start), at(found.span.end)))
            .collect();
        let record = &story.record;
        format!(
            "{key:?} {}, {} attempts on record; {requests:?}; {disturbances:?}",
            record["status"],
            attempts_of(record).len()
        )
    }
}

fn faults_of_story(story: &Story) -> impl Iterator<Item = &'static str> {
    let receipts = story.receipts().len();
    let mut bodies = story.requests.windows(2);
    let checks = [
        (
            bodies.any(|pair| pair[0].body != pair[1].body),
            "attempts differ in their bodies",
        ),
        (
            story.recorded_successes() > receipts,
            "more successes are on record than were received",
        ),
        (story.recorded_successes() == 0, "no success is on record"),
        (story.record["settled_at"].is_null(), "it never settled"),
    ];
    checks
        .into_iter()
        .filter_map(|(is_fault, fault)| is_fault.then_some(fault))
}

/// The record of every delivery, with its attempts.
pub async fn records(account: &Account, nodes: &[Api]) -> HashMap<Key, Value> {
    let deliveries: Vec<String> = account.all("deliveries").await.iter().map(id_of).collect();
    let share = deliveries.len().div_ceil(READERS).max(1);
    let readers = deliveries.chunks(share).zip(nodes.iter().cycle());
    let readers: Vec<_> = readers
        .map(|(ids, node)| {
            let (ids, account) = (ids.to_vec(), account.through(node.clone()));
            tokio::spawn(async move {
                let mut records = Vec::with_capacity(ids.len());
                for id in &ids {
                    records.push(account.delivery(id).await);
                }
                records
            })
        })
        .collect();
    let mut records = HashMap::new();
    for reader in readers {
        let read = reader.await.expect("every record can be read");
        records.extend(read.into_iter().map(|record| (key_of(&record), record)));
    }
    records
}

fn key_of(delivery: &Value) -> Key {
    let text = |name: &str| delivery[name].as_str().expect("a delivery names both").to_owned();
    (text("event_id"), text("action_id"))
}
