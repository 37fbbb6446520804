//! Stores new events and hands their deliveries over.
//!
//! All submissions that arrive while one group is being written form the next one: the store gets one call per group,
//! and the producers share one fsync.

use std::sync::Arc;

use postrider_model::Timestamp;
use postrider_model::delivery::Progress;
use postrider_storage::{
    Appended, DeliveryKey, FirstAttempt, NewDelivery, NewEvent, ReadyDelivery, SessionId, StoreError,
};
use tokio::sync::{mpsc, oneshot};

use crate::accept::{Accepted, Rejection};
use crate::engine::Engine;
use crate::lanes::Ready;

/// Jobs that may queue: with one event each, some 200 ms of the 18,000 a second that the design aims at. Past that,
/// producers are told to come back rather than left waiting.
pub const QUEUE_MAX: usize = 4_096;

/// Most jobs in one group. A job holds at most 1,000 events.
const GROUP_JOBS_MAX: usize = 512;

/// What a producer's task waits for.
type Reply = Result<Vec<Result<Accepted, Rejection>>, StoreError>;

/// Events to be stored together.
#[derive(Debug)]
pub struct AppendJob {
    /// The events.
    pub events: Vec<NewEvent>,
    /// When they were accepted.
    pub now: Timestamp,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Reply>,
}

/// What is kept of an event while the store has it.
struct Kept {
    event: Arc<postrider_model::Event>,
    adds_event_type: bool,
    deliveries: Vec<NewDelivery>,
}

/// Runs until the senders are gone.
pub async fn run(engine: Arc<Engine>, mut jobs: mpsc::Receiver<AppendJob>) {
    let mut group = Vec::with_capacity(GROUP_JOBS_MAX);
    while jobs.recv_many(&mut group, GROUP_JOBS_MAX).await > 0 {
        append_group(&engine, &mut group).await;
    }
}

async fn append_group(engine: &Arc<Engine>, group: &mut Vec<AppendJob>) {
    let session = engine.session();
    let mut replies = Vec::with_capacity(group.len());
    let mut events = Vec::new();
    for mut job in group.drain(..) {
        reserve(engine, &mut job.events, job.now);
        replies.push((job.events.len(), job.now, job.reply));
        events.append(&mut job.events);
    }
    let kept: Vec<Kept> = events.iter().map(keep).collect();
    match engine.store().append(session, events).await {
        Ok(results) => {
            let now = engine.clock().now();
            let mut answers = kept
                .into_iter()
                .zip(results)
                .map(|(kept, result)| settle(engine, session, now, kept, result));
            for (count, _, reply) in replies {
                // An error says that the producer has hung up: its events are stored and carried out all the same.
                let _ = reply.send(Ok(answers.by_ref().take(count).collect()));
            }
        }
        Err(error) => {
            let now = engine.clock().now();
            kept.iter().for_each(|kept| unreserve(engine, kept, now));
            tracing::error!(%error, "events could not be stored");
            for (_, _, reply) in replies {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }
    engine.start_ready();
}

fn keep(new: &NewEvent) -> Kept {
    Kept {
        event: Arc::new(new.event.clone()),
        adds_event_type: new.adds_event_type,
        deliveries: new.deliveries.clone(),
    }
}

/// Decides which deliveries stay in memory.
fn reserve(engine: &Engine, events: &mut [NewEvent], now: Timestamp) {
    let mut lanes = engine.lanes();
    for new in events {
        let (account, bytes) = (new.event.account, new.event.data.len());
        for delivery in &mut new.deliveries {
            delivery.first_attempt = lanes.reserve(account, delivery.action, bytes, now);
        }
    }
}

fn unreserve(engine: &Engine, kept: &Kept, now: Timestamp) {
    let mut lanes = engine.lanes();
    for delivery in kept
        .deliveries
        .iter()
        .filter(|delivery| delivery.first_attempt == FirstAttempt::Owned)
    {
        lanes.release(delivery.action, kept.event.data.len(), now);
    }
}

fn settle(
    engine: &Engine,
    session: SessionId,
    now: Timestamp,
    kept: Kept,
    result: Appended,
) -> Result<Accepted, Rejection> {
    match result {
        Appended::Stored => {
            metrics::counter!("postrider_events_accepted_total").increment(1);
            if kept.adds_event_type {
                engine.catalogue().added(&kept.event.event_type);
            }
            let accepted = accepted(&kept.event, false);
            hand_over(engine, session, now, kept);
            Ok(accepted)
        }
        Appended::Known(event) => {
            unreserve(engine, &kept, now);
            Ok(accepted(&event, true))
        }
        Appended::Conflict => {
            unreserve(engine, &kept, now);
            Err(Rejection::Conflict)
        }
    }
}

fn accepted(event: &postrider_model::Event, known: bool) -> Accepted {
    Accepted {
        id: event.id,
        event_type: event.event_type.clone(),
        created_at: event.created_at,
        deliveries: event.deliveries,
        known,
    }
}

fn hand_over(engine: &Engine, session: SessionId, now: Timestamp, kept: Kept) {
    let account = kept.event.account;
    let mut waiting = false;
    {
        let mut lanes = engine.lanes();
        for new in kept.deliveries {
            if new.first_attempt == FirstAttempt::Waiting {
                waiting |= lanes.waits(account, new.action, kept.event.created_at, now);
                continue;
            }
            let delivery = ReadyDelivery {
                key: DeliveryKey {
                    account,
                    delivery: new.id,
                },
                automation: new.automation,
                action: new.action,
                body: new.body,
                progress: Progress::new(),
                event: Arc::clone(&kept.event),
            };
            lanes.enqueue(Ready { delivery, session });
        }
    }
    if waiting {
        engine.wake_refill();
    }
}
