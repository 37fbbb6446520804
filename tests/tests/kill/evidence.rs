//! Compares what was accepted, what the record says, and what the receiver saw.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use postrider_tests::account::id_of;
use postrider_tests::receiver::Received;
use postrider_tests::{Account, Receiver};
use serde_json::Value;

use super::producers::Accepted;
use super::respond;

/// Attempts in the schedule of the test.
const ATTEMPTS: u64 = 3;

/// How long before a kill a delivery may be received without being recorded. Results are written in batches,
/// and a batch waits for the disk. On a busy machine that takes far less than two seconds.
const UNRECORDED_MAX: Duration = Duration::from_secs(2);

/// A delivery that the record showed as succeeded before a kill.
pub struct SucceededDelivery {
    delivery: String,
    attempts: u64,
    seen_at: Instant,
}

impl SucceededDelivery {
    /// The latest succeeded deliveries.
    pub async fn read(account: &Account) -> Vec<Self> {
        let page = account
            .api
            .get(account.at("/deliveries?status=succeeded&limit=250"))
            .await
            .expect(200);
        let seen_at = Instant::now();
        let succeeded = |delivery: &Value| Self {
            delivery: id_of(delivery),
            attempts: delivery["attempt_count"]
                .as_u64()
                .expect("a delivery counts its attempts"),
            seen_at,
        };
        page["data"]
            .as_array()
            .expect("a list has data")
            .iter()
            .map(succeeded)
            .collect()
    }
}

/// All evidence at the end of the test.
pub struct Evidence {
    accepted: Accepted,
    events: usize,
    record: HashMap<String, Value>,
    received: HashMap<String, Vec<Received>>,
    kills: Vec<Range<Instant>>,
    succeeded: Vec<SucceededDelivery>,
}

impl Evidence {
    /// Reads the whole record, and takes the requests from the receiver.
    pub async fn gather(
        account: &Account,
        receiver: &Receiver,
        accepted: Accepted,
        kills: Vec<Range<Instant>>,
        succeeded: Vec<SucceededDelivery>,
    ) -> Self {
        let mut received = HashMap::<String, Vec<Received>>::new();
        for request in receiver.received("/hook") {
            received
                .entry(request.header("postrider-delivery-id").to_owned())
                .or_default()
                .push(request);
        }
        let record = account
            .all("deliveries")
            .await
            .into_iter()
            .map(|delivery| (id_of(&delivery), delivery))
            .collect();
        // Postrider's own events say that the receiver fails, and that it works again.
        let events = account.all("events").await;
        let events = events
            .iter()
            .filter(|event| event["origin"] == "producer")
            .count();
        Self {
            accepted,
            events,
            record,
            received,
            kills,
            succeeded,
        }
    }

    /// Prints the totals.
    pub fn print(&self, seed: u64, took: Duration) {
        let of = |status: &str| {
            self.record
                .values()
                .filter(|delivery| delivery["status"] == status)
                .count()
        };
        println!("seed              {seed}");
        println!("rounds            {}", self.kills.len());
        println!("events accepted   {}", self.accepted.len());
        println!("succeeded         {}", of("succeeded"));
        println!("failed by rule    {}", of("failed"));
        println!("lost              {}", self.lost().len());
        let repeated = self.repeated();
        let oldest = repeated
            .iter()
            .filter_map(|(_, first, second)| self.unrecorded(*first, *second))
            .max();
        println!(
            "repeated          {}, under way when a kill came, the oldest for {} ms",
            repeated.len(),
            oldest.unwrap_or_default().as_millis()
        );
        println!(
            "seen as succeeded {} before a kill, of which sent again {}",
            self.succeeded.len(),
            self.resent().len()
        );
        println!("took              {:.1} s", took.as_secs_f64());
    }

    /// Panics on a contradiction, or if there were too few events for the test to show something.
    pub fn judge(&self, events_min: usize) {
        assert!(
            self.accepted.len() >= events_min,
            "only {} events: this shows nothing",
            self.accepted.len()
        );
        assert_eq!(
            self.events,
            self.accepted.len(),
            "the stored event is the accepted one"
        );
        assert_eq!(
            self.record.len(),
            self.accepted.len(),
            "each event has its one delivery"
        );
        assert!(self.lost().is_empty(), "lost: {:?}", self.lost());
        assert!(
            self.resent().is_empty(),
            "sent again although on record as succeeded: {:?}",
            self.resent()
        );
        for (delivery, first, second) in self.repeated() {
            let unrecorded = self.unrecorded(first, second);
            let is_explained = unrecorded.is_some_and(|unrecorded| unrecorded < UNRECORDED_MAX);
            assert!(
                is_explained,
                "{delivery} was sent twice, {:?} apart: {unrecorded:?}",
                second - first
            );
        }
        for succeeded in &self.succeeded {
            let now = &self.record[&succeeded.delivery];
            let unchanged = now["status"] == "succeeded" && now["attempt_count"] == succeeded.attempts;
            assert!(
                unchanged,
                "it was succeeded after {} attempts: {now}",
                succeeded.attempts
            );
        }
    }

    /// Accepted events that are neither delivered nor failed by the schedule.
    fn lost(&self) -> Vec<&String> {
        let by_event: HashMap<&str, &Value> = self
            .record
            .values()
            .filter_map(|delivery| Some((delivery["event_id"].as_str()?, delivery)))
            .collect();
        let is_finished = |event: &str, number: u64| {
            by_event
                .get(event)
                .is_some_and(|delivery| match delivery["status"].as_str() {
                    Some("succeeded") => self.receipts(delivery).count() > 0,
                    Some("failed") => number.is_multiple_of(50) && delivery["attempt_count"] == ATTEMPTS,
                    _ => false,
                })
        };
        self.accepted
            .iter()
            .filter(|(event, number)| !is_finished(event, **number))
            .map(|(event, _)| event)
            .collect()
    }

    /// Deliveries that got more than one 2xx response, with the first two times.
    fn repeated(&self) -> Vec<(&String, Instant, Instant)> {
        let twice = |(id, delivery): (&'_ String, &'_ Value)| {
            let mut receipts = self.receipts(delivery);
            let (first, second) = (receipts.next()?, receipts.next()?);
            drop(receipts);
            Some((self.record.get_key_value(id)?.0, first.at, second.at))
        };
        self.record.iter().filter_map(twice).collect()
    }

    /// How long before a kill a delivery was received that was received again after it; `None` if no kill was
    /// between the two.
    ///
    /// A request that the server sent just before its end waits in the socket, and may be received while the
    /// next server starts.
    fn unrecorded(&self, first: Instant, second: Instant) -> Option<Duration> {
        let kill = self
            .kills
            .iter()
            .find(|kill| first < kill.end && kill.start < second)?;
        Some(kill.start.saturating_duration_since(first))
    }

    /// Deliveries that were received after the record had shown them as succeeded.
    fn resent(&self) -> Vec<&String> {
        let came_later = |succeeded: &&SucceededDelivery| {
            let requests = self
                .received
                .get(&succeeded.delivery)
                .map_or(&[][..], Vec::as_slice);
            requests.iter().any(|request| request.at > succeeded.seen_at)
        };
        self.succeeded
            .iter()
            .filter(came_later)
            .map(|succeeded| &succeeded.delivery)
            .collect()
    }

    /// The requests of a delivery that got a 2xx response.
    fn receipts<'a>(&'a self, delivery: &Value) -> impl Iterator<Item = &'a Received> + use<'a> {
        let requests = delivery["id"].as_str().and_then(|id| self.received.get(id));
        requests
            .into_iter()
            .flatten()
            .filter(|request| respond(request).is_success())
    }
}
