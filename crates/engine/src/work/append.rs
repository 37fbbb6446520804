//! The acceptance half of a step: which deliveries stay in memory, and what happens once the events are
//! stored.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::delivery::Progress;
use postrider_model::{AccountId, Event, Timestamp};
use postrider_storage::{
    Appended, DeliveryKey, FirstAttempt, NewEvent, ReadyDelivery, SessionId, StoreError, StoreResult,
};
use tokio::sync::oneshot;

use crate::accept::{Accepted, Rejection};
use crate::engine::Engine;
use crate::lanes::{Lanes, Ready};
use crate::observe::{Commit, StoredEvents};

/// The reply that a producer's task waits for.
pub type Reply = Result<Vec<Result<Accepted, Rejection>>, StoreError>;

/// Events to be stored together.
#[derive(Debug)]
pub struct AppendJob {
    /// The account of all events.
    pub account: AccountId,
    /// The events.
    pub events: Vec<NewEvent>,
    /// When they were accepted.
    pub now: Timestamp,
    /// Where to send the reply.
    pub reply: oneshot::Sender<Reply>,
}

impl AppendJob {
    /// What it costs to store the job; see [`cost_of`].
    pub fn cost(&self) -> usize {
        self.events.iter().map(cost_of).sum()
    }
}

/// Bytes of `data` and headers that cost about as much to store as a row.
const BYTES_PER_ROW: usize = 4 * 1024;

/// What it costs to store an event, in rows: its own, one for each delivery, and its `data` and headers.
pub fn cost_of(event: &NewEvent) -> usize {
    1 + event.deliveries.len() + event.event.bytes() / BYTES_PER_ROW
}

/// The jobs of a step.
#[derive(Default)]
pub struct Submitted {
    /// The events of all jobs, in order.
    pub events: Arc<[NewEvent]>,
    /// For each job, the number of its events, and where to send its reply.
    replies: Vec<(usize, oneshot::Sender<Reply>)>,
}

impl Submitted {
    /// The jobs of one step. Decides which of their deliveries stay in memory.
    pub fn of(engine: &Engine, jobs: Vec<AppendJob>) -> Self {
        if jobs.is_empty() {
            return Self::default();
        }
        let mut events = Vec::with_capacity(jobs.iter().map(|job| job.events.len()).sum());
        let mut replies = Vec::with_capacity(jobs.len());
        let mut lanes = engine.lanes();
        for mut job in jobs {
            reserve(&mut lanes, &mut job.events, job.now);
            replies.push((job.events.len(), job.reply));
            events.append(&mut job.events);
        }
        drop(lanes);
        Self {
            events: events.into(),
            replies,
        }
    }

    /// Hands over the stored deliveries, and replies to every producer.
    pub fn reply(
        self,
        engine: &Engine,
        session: SessionId,
        appended: StoreResult<Vec<Appended>>,
        commit: Commit,
    ) {
        if self.replies.is_empty() {
            return;
        }
        let now = engine.clock().now();
        match appended {
            Ok(appended) => self.stored(engine, session, now, &appended, commit),
            Err(error) => {
                tracing::error!(%error, "could not store events");
                let mut lanes = engine.lanes();
                for new in &*self.events {
                    unreserve(&mut lanes, new);
                }
                drop(lanes);
                for (_, reply) in self.replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    fn stored(
        self,
        engine: &Engine,
        session: SessionId,
        now: Timestamp,
        appended: &[Appended],
        commit: Commit,
    ) {
        let mut results = Vec::with_capacity(appended.len());
        let mut new_types = Vec::new();
        let (mut waiting, mut stored) = (false, 0);
        let monotonic = engine.clock().monotonic();
        let mut lanes = engine.lanes();
        for (new, appended) in self.events.iter().zip(appended) {
            results.push(match appended {
                Appended::Stored => {
                    stored += 1;
                    new_types.extend(new.adds_event_type.then_some(&new.event.event_type));
                    waiting |= hand_over(&mut lanes, session, now, monotonic, new);
                    Ok(accepted(&new.event, false))
                }
                Appended::Known(event) => {
                    unreserve(&mut lanes, new);
                    Ok(accepted(event, true))
                }
                Appended::Conflict => {
                    unreserve(&mut lanes, new);
                    Err(Rejection::Conflict)
                }
            });
        }
        for new in self.events.iter().skip(results.len()) {
            unreserve(&mut lanes, new);
        }
        drop(lanes);
        let newly_stored = StoredEvents::new(&self.events, appended, commit);
        if let Some(bytes) = engine.stored_bytes() {
            bytes.count_events(newly_stored);
        }
        engine.observer().events_stored(newly_stored);
        for event_type in new_types {
            engine.configuration().catalogue().added(event_type);
        }
        engine.meters().accepted.increment(stored);
        let mut results = results.into_iter();
        for (count, reply) in self.replies {
            // Sending fails if the producer has disconnected: its events are stored and delivered all the
            // same.
            let _ = reply.send(share(&mut results, count));
        }
        if waiting {
            engine.wake_refill();
        }
    }
}

/// The next `count` results of a step, which belong to one job. A store must return one result for each
/// event. If it returns fewer, that is a defect, and nothing is known about the events without a result.
fn share<T>(results: &mut impl Iterator<Item = T>, count: usize) -> StoreResult<Vec<T>> {
    let share: Vec<T> = results.take(count).collect();
    if share.len() == count {
        return Ok(share);
    }
    let error = StoreError::Internal(format!("{} results for {count} events", share.len()));
    tracing::error!(%error, "the store returned too few results");
    Err(error)
}

fn reserve(lanes: &mut Lanes, events: &mut [NewEvent], now: Timestamp) {
    for new in events {
        if new.event.due_at() > now {
            // Its deliveries wait in the store, as they were made.
            continue;
        }
        let (account, bytes) = (new.event.account, new.event.bytes());
        for delivery in &mut new.deliveries {
            delivery.first_attempt = lanes.reserve(account, delivery.action, bytes, now);
        }
    }
}

fn unreserve(lanes: &mut Lanes, new: &NewEvent) {
    for delivery in &new.deliveries {
        if delivery.first_attempt == FirstAttempt::Owned {
            lanes.release(delivery.action, new.event.bytes());
        }
    }
}

/// The result for an event that is on disk.
pub(crate) fn accepted(event: &Event, known: bool) -> Accepted {
    Accepted {
        id: event.id,
        event_type: event.event_type.clone(),
        created_at: event.created_at,
        deliveries: event.deliveries,
        known,
    }
}

/// Queues the deliveries that stay in memory, and notes those that wait in the store. Returns whether the
/// refill task has to look for the latter soon.
fn hand_over(
    lanes: &mut Lanes,
    session: SessionId,
    now: Timestamp,
    monotonic: Duration,
    new: &NewEvent,
) -> bool {
    let account = new.event.account;
    let mut waiting = false;
    let mut event: Option<Arc<Event>> = None;
    for delivery in &new.deliveries {
        if delivery.first_attempt == FirstAttempt::Waiting {
            waiting |= lanes.waits(account, delivery.action, new.event.due_at(), now);
            continue;
        }
        let event = event.get_or_insert_with(|| Arc::new(new.event.clone()));
        let delivery = ReadyDelivery {
            key: DeliveryKey {
                account,
                delivery: delivery.id,
            },
            automation: delivery.automation,
            action: delivery.action,
            body: delivery.body,
            progress: Progress::new(),
            event: Arc::clone(event),
        };
        lanes.enqueue(Ready {
            delivery,
            session,
            at: monotonic,
            limit: None,
        });
    }
    waiting
}

/// Events for tests of the queue.
#[cfg(test)]
pub mod test_events {
    use bytes::Bytes;
    use postrider_model::{EventHeaders, EventId, FixedPoints, Origin};

    use super::*;

    /// Events of an account without deliveries: a row each.
    pub fn events(account: u128, count: usize) -> Vec<NewEvent> {
        let event = NewEvent {
            event: Event {
                id: EventId::from_u128(1),
                account: AccountId::from_u128(account),
                event_type: "a.b".parse().unwrap(),
                data: Bytes::from_static(b"1"),
                occurred_at: None,
                created_at: Timestamp::from_unix_ms(0),
                origin: Origin::Producer,
                fixed_points: FixedPoints::default(),
                warning: None,
                deliveries: 0,
                deliver_at: None,
                headers: EventHeaders::default(),
                trace: None,
                missed: 0,
                is_canceled: false,
            },
            id_is_callers: false,
            idempotency_key: None,
            adds_event_type: false,
            held_back: Vec::new(),
            deliveries: Vec::new(),
        };
        vec![event; count]
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::EventHeaders;

    use super::*;

    #[test]
    fn headers_count_toward_what_it_costs_to_store_an_event() {
        let mut new = test_events::events(1, 1).remove(0);
        assert_eq!(cost_of(&new), 1);
        let value = "x".repeat(BYTES_PER_ROW);
        new.event.headers = EventHeaders::new(vec![("X-Tenant".to_owned(), value)]);
        assert_eq!(cost_of(&new), 2);
    }

    #[test]
    fn a_missing_result_from_the_store_is_an_internal_error_not_a_conflict() {
        let mut results = [1, 2, 3, 4].into_iter();
        assert_eq!(share(&mut results, 1), Ok(vec![1]));
        assert_eq!(share(&mut results, 2), Ok(vec![2, 3]));
        for count in [2, 1] {
            let error = share(&mut results, count).unwrap_err();
            assert!(matches!(error, StoreError::Internal(_)), "{error}");
        }
        assert_eq!(share(&mut results, 0), Ok(vec![]));
    }
}
