//! The steps of the check: each calls one verb on the store and on the model, and compares the results. The
//! steps for sessions, replay and retention are in [`super::upkeep`], those for events in [`super::later`].

use std::time::Duration;

use bytes::Bytes;
use postrider_model::delivery::Ended;
use postrider_model::{DeliveryId, Outcome, Schedule, Timestamp};

use super::super::build::*;
use super::model::Tracked;
use super::{Check, later, upkeep};
use postrider_storage::{
    Change, ClaimRequest, DeliveryKey, Finished, FirstAttempt, NewEvent, Resent, SessionId,
};

/// Takes a random step.
pub async fn take_one(check: &mut Check) {
    match check.rng.u32(0..100) {
        0..50 => advance(check).await,
        50..80 => claim(check).await,
        80..88 => resend(check).await,
        88..91 => upkeep::open(check).await,
        91..93 => upkeep::close(check).await,
        93..96 => upkeep::reclaim(check).await,
        96..97 => upkeep::replay(check).await,
        97..98 => upkeep::cancel(check).await,
        98..99 => match check.rng.bool() {
            true => later::add_missed(check).await,
            false => later::cancel_event(check).await,
        },
        _ => upkeep::prune(check).await,
    }
}

/// A random session, usually a live one.
pub fn any_session(check: &mut Check) -> SessionId {
    let of = if check.rng.u8(0..8) == 0 && !check.model.dead.is_empty() {
        &check.model.dead
    } else {
        &check.model.live
    };
    *check.rng.choice(of).expect("one session is always alive")
}

/// Up to `count` random deliveries, which may repeat.
fn any_deliveries(check: &mut Check, count: usize, wanted: impl Fn(&Tracked) -> bool) -> Vec<DeliveryId> {
    let from: Vec<_> = check
        .model
        .deliveries
        .values()
        .filter(|tracked| wanted(tracked))
        .collect();
    let from: Vec<_> = from.into_iter().map(|tracked| tracked.delivery.id).collect();
    (0..count)
        .filter_map(|_| check.rng.choice(&from).copied())
        .collect()
}

/// The key of a delivery of the scene's account.
pub fn key(check: &Check, delivery: DeliveryId) -> DeliveryKey {
    DeliveryKey {
        account: check.scene.account,
        delivery,
    }
}

/// Compares one delivery and its attempts with the model's.
pub async fn compare(check: &Check, delivery: DeliveryId) {
    let key = key(check, delivery);
    let expected = check.model.deliveries.get(&delivery);
    let read = check.scene.store.delivery(key).await.expect("delivery");
    assert_eq!(read.as_ref(), expected.map(|tracked| &tracked.delivery));
    let attempts = expected.map_or(&[][..], |tracked| &tracked.attempts);
    assert_eq!(check.scene.attempts(key).await, attempts);
}

/// Stores events, records reports, or both.
async fn advance(check: &mut Check) {
    let session = any_session(check);
    let news = any_reports(check, session);
    // Whether a dead session may store events is up to the store.
    let count = if check.model.live.contains(&session) && check.rng.bool() {
        check.rng.usize(1..5)
    } else {
        0
    };
    let events: Vec<_> = (0..count).map(|_| any_event(check)).collect();
    let expected = events.iter().map(|event| check.model.append(session, event));
    let expected: Vec<_> = expected.collect();
    let (store, halves) = (&check.scene.store, (events.clone(), news.clone()));
    let advanced = store.advance(session, halves.0.into(), halves.1.into()).await;
    assert_eq!(advanced.appended, Ok(expected));
    let recorded = advanced.recorded.expect("recorded");
    assert_eq!(recorded.len(), news.len());
    for (news, recorded) in news.iter().zip(recorded) {
        assert_eq!(recorded, check.model.answer(session, news));
        check.model.finish(news, recorded);
    }
    for delivery in events.iter().flat_map(|event| &event.deliveries) {
        compare(check, delivery.id).await;
    }
    for news in news {
        compare(check, news.key.delivery).await;
    }
}

/// Random reports of a session, mostly about deliveries that it owns.
fn any_reports(check: &mut Check, session: SessionId) -> Vec<Finished> {
    let count = check.rng.usize(0..4);
    let mut deliveries = any_deliveries(check, count, |tracked| tracked.owner == Some(session));
    if check.rng.u8(0..5) == 0 {
        deliveries.extend(any_deliveries(check, 1, |_| true));
    }
    let news = deliveries.into_iter().map(|delivery| any_news(check, delivery));
    news.collect()
}

/// A random report about a delivery, plausible or not.
fn any_news(check: &mut Check, delivery: DeliveryId) -> Finished {
    const OUTCOMES: [Outcome; 5] = [
        Outcome::Succeeded,
        Outcome::BadStatus,
        Outcome::BadStatus,
        Outcome::Timeout,
        Outcome::ConnectError,
    ];
    let tracked = &check.model.deliveries[&delivery];
    let (key, action, progress) = (tracked.key(), tracked.delivery.action, tracked.delivery.progress);
    if check.rng.u8(0..10) == 0 {
        let change = Change::Canceled {
            at: check.now(),
            status: progress.status_when_canceled(),
        };
        return Finished { key, action, change };
    }
    let outcome = *check.rng.choice(&OUTCOMES).expect("there are outcomes");
    let mut attempt = attempt(progress.next_number(), 0, outcome);
    attempt.started_at = check.now();
    let ended = Ended {
        outcome,
        at: attempt.started_at.after(attempt.duration),
        retry_after: None,
        is_final: false,
        first_due: Timestamp::EPOCH,
    };
    let (progress, next) = progress.after_attempt(ended, &Schedule::default());
    let attempt = Box::new(attempt);
    let change = Change::Attempted {
        attempt,
        progress,
        next,
        disables: None,
        report: None,
    };
    Finished { key, action, change }
}

/// A random event, which may repeat an earlier one's id or key, with the same content or different content.
fn any_event(check: &mut Check) -> NewEvent {
    let actions: Vec<_> = check
        .actions
        .iter()
        .copied()
        .filter(|_| check.rng.bool())
        .collect();
    let now = check.now();
    let mut event = check.scene.event_for(0, &[], FirstAttempt::Waiting);
    event.event.created_at = now;
    event.event.id = check.ids().event(now);
    event.event.data = Bytes::from(check.rng.u32(0..3).to_string());
    event.id_is_callers = check.rng.bool();
    if check.rng.u8(0..4) == 0 {
        event.idempotency_key = Some(format!("key {}", check.rng.u32(0..20)));
    }
    if check.rng.u8(0..6) == 0 {
        event.event.deliver_at = Some(now.after(Duration::from_millis(check.rng.u64(0..20_000))));
    }
    if check.rng.u8(0..6) == 0
        && let Some((earlier, key)) = check.rng.choice(&check.model.events)
    {
        event.id_is_callers = true;
        event.event.id = earlier.id;
        event.event.data = earlier.data.clone();
        event.event.deliver_at = earlier.deliver_at;
        event.idempotency_key = event.idempotency_key.or_else(|| key.clone());
    }
    let automation = check.scene.automation;
    let mut event = check
        .scene
        .with_deliveries(event, automation, &actions, FirstAttempt::Waiting);
    for delivery in &mut event.deliveries {
        if check.rng.bool() {
            delivery.first_attempt = FirstAttempt::Owned;
        }
    }
    event
}

async fn claim(check: &mut Check) {
    let (session, now) = (any_session(check), check.now());
    let requests: Vec<_> = (0..check.rng.usize(1..4))
        .map(|_| ClaimRequest {
            action: *check.rng.choice(&check.actions).expect("there are actions"),
            since: ALL_TIME,
            room: check.rng.usize(0..6),
            room_bytes: usize::MAX,
        })
        .collect();
    let claims = check
        .scene
        .store
        .claim(session, requests.clone(), now)
        .await
        .expect("claim");
    if !check.model.live.contains(&session) {
        assert!(
            claims.iter().all(|claim| claim.deliveries.is_empty()),
            "the dead get nothing"
        );
        return;
    }
    assert_eq!(claims.len(), requests.len());
    for (request, claim) in requests.into_iter().zip(claims) {
        let waiting = check.model.waiting(request.action);
        let due: Vec<_> = waiting
            .iter()
            .map(|(due, _)| *due)
            .filter(|due| *due <= now)
            .collect();
        let count = due.len().min(request.room);
        let mut got = Vec::new();
        for ready in &claim.deliveries {
            let tracked = check
                .model
                .deliveries
                .get_mut(&ready.key.delivery)
                .expect("a delivery of ours");
            let delivery = &tracked.delivery;
            assert_eq!((ready.action, ready.key), (request.action, tracked.key()));
            assert_eq!((ready.body, ready.progress), (delivery.body, delivery.progress));
            assert_eq!(ready.event.id, delivery.event);
            got.push(tracked.due().expect("it waited"));
            tracked.owner = Some(session);
            tracked.delivery.next_attempt_at = None;
        }
        assert_eq!(got, due[..count], "those due first");
        assert_eq!(
            claim.next_due,
            check.model.waiting(request.action).first().map(|(due, _)| *due)
        );
        for ready in claim.deliveries {
            compare(check, ready.key.delivery).await;
        }
    }
}

async fn resend(check: &mut Check) {
    let now = check.now();
    for delivery in any_deliveries(check, 2, |_| true) {
        let key = key(check, delivery);
        let due_before = check.model.deliveries[&delivery].due();
        let expected = check.model.resend(key, now);
        assert_eq!(check.scene.store.resend(key, now, audit()).await, Ok(expected));
        if let (Resent::Due(_), Some(before)) = (expected, due_before) {
            adopt_due(check, delivery, before.min(now), now).await;
        }
        compare(check, delivery).await;
    }
}

/// Adopts the time at which the store made a delivery due, which must be within these bounds.
pub async fn adopt_due(check: &mut Check, delivery: DeliveryId, from: Timestamp, to: Timestamp) {
    let read = check.scene.delivery(key(check, delivery)).await;
    let due = read.next_attempt_at.expect("it waits");
    assert!(from <= due && due <= to, "due {due}, expected {from} to {to}");
    let tracked = check.model.deliveries.get_mut(&delivery).expect("one of ours");
    tracked.wait(due);
}
