//! The steps of the check that concern no single delivery: sessions, replay, canceling, retention.

use std::collections::HashSet;

use postrider_model::{DeliveryStatus, EventId, Timestamp};

use super::super::build::*;
use super::super::scene::Scene;
use super::Check;
use super::model::Tracked;
use super::steps::{adopt_due, any_session, compare, key};
use postrider_storage::{DeliveryFilter, DeliveryKey};

pub async fn open(check: &mut Check) {
    let opened = check.scene.store.open_session(LONG_LEASE, check.now()).await;
    check.model.open(opened.expect("open_session"));
}

/// The range of times at which a store with its own clock may make a delivery due.
const ANY_TIME: (Timestamp, Timestamp) = (Timestamp::from_unix_ms(0), at(100 * 365 * 24 * 3600));

pub async fn close(check: &mut Check) {
    let session = any_session(check);
    check
        .scene
        .store
        .close_session(session, check.now())
        .await
        .expect("close_session");
    let owned: Vec<_> = check
        .model
        .deliveries
        .values()
        .filter(|tracked| tracked.owner == Some(session))
        .collect();
    let owned: Vec<_> = owned.into_iter().map(|tracked| tracked.delivery.id).collect();
    let was_alive = check.model.live.contains(&session);
    check.model.live.retain(|live| *live != session);
    for delivery in owned {
        let waits = is_waiting(&check.scene, key(check, delivery)).await;
        assert!(waits || !was_alive, "what a closed session owned waits");
        if waits {
            adopt_due(check, delivery, ANY_TIME.0, ANY_TIME.1).await;
        }
        compare(check, delivery).await;
    }
    if was_alive {
        check.model.dead.push(session);
    }
    if check.model.live.is_empty() {
        open(check).await;
    }
}

/// Whether a delivery waits, according to the store.
async fn is_waiting(scene: &Scene, key: DeliveryKey) -> bool {
    scene.delivery(key).await.next_attempt_at.is_some()
}

pub async fn reclaim(check: &mut Check) {
    let limit = check.rng.usize(1..10);
    let dead = &check.model.dead;
    let is_dead = |tracked: &&Tracked| tracked.owner.is_some_and(|owner| dead.contains(&owner));
    let owned: Vec<_> = check.model.deliveries.values().filter(is_dead).collect();
    let owned: Vec<_> = owned.into_iter().map(|tracked| tracked.delivery.id).collect();
    let reclaimed = check.scene.store.reclaim(check.now(), limit).await;
    assert_eq!(reclaimed, Ok(owned.len().min(limit)));
    let mut waiting = 0;
    for delivery in &owned {
        if is_waiting(&check.scene, key(check, *delivery)).await {
            waiting += 1;
            adopt_due(check, *delivery, ANY_TIME.0, ANY_TIME.1).await;
        }
        compare(check, *delivery).await;
    }
    assert_eq!(reclaimed, Ok(waiting));
}

pub async fn replay(check: &mut Check) {
    let filter = DeliveryFilter {
        status: check.rng.choice(DeliveryStatus::ALL),
        action: check.rng.bool().then_some(check.actions[0]),
        ..DeliveryFilter::default()
    };
    let (now, given) = (check.now(), check.actions[..2].to_vec());
    let mut expected = 0;
    let events = check.model.events.iter();
    let canceled: HashSet<EventId> = events
        .filter(|(event, _)| event.is_canceled)
        .map(|(event, _)| event.id)
        .collect();
    for tracked in check.model.deliveries.values_mut() {
        let delivery = &mut tracked.delivery;
        let chosen = delivery.progress.status != DeliveryStatus::Pending
            && given.contains(&delivery.action)
            && !canceled.contains(&delivery.event)
            && delivery.created_at < now
            && super::super::filters::matches(&filter, delivery);
        if let (true, Some(progress)) = (chosen, delivery.progress.resend()) {
            delivery.progress = progress;
            delivery.settled_at = None;
            tracked.wait(now);
            expected += 1;
        }
    }
    let (mut replayed, mut after) = (0, None);
    for _ in 0..=check.model.deliveries.len() {
        let step = check
            .scene
            .store
            .replay_step(check.scene.account, &filter, &given, after, now, Some(audit()))
            .await;
        let step = step.expect("replay_step");
        replayed += step.replayed;
        after = step.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((replayed, after), (expected, None));
    check.compare_all().await;
}

pub async fn cancel(check: &mut Check) {
    let filter = DeliveryFilter {
        status: check.rng.bool().then_some(DeliveryStatus::Pending),
        action: check.rng.bool().then_some(check.actions[0]),
        ..DeliveryFilter::default()
    };
    let now = check.now();
    let mut expected = 0;
    for tracked in check.model.deliveries.values_mut() {
        let delivery = &mut tracked.delivery;
        let chosen = delivery.progress.status == DeliveryStatus::Pending
            && delivery.created_at < now
            && super::super::filters::matches(&filter, delivery);
        if chosen {
            delivery.progress.status = delivery.progress.status_when_canceled();
            delivery.progress.resend_of = None;
            delivery.next_attempt_at = None;
            delivery.settled_at = Some(now);
            tracked.owner = None;
            expected += 1;
        }
    }
    let (mut canceled, mut after) = (0, None);
    for _ in 0..=check.model.deliveries.len() {
        let step = check
            .scene
            .store
            .cancel_step(check.scene.account, &filter, after, now, Some(audit()))
            .await;
        let step = step.expect("cancel_step");
        canceled += step.canceled.len();
        after = step.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((canceled, after), (expected, None));
    check.compare_all().await;
}

pub async fn prune(check: &mut Check) {
    let before = Timestamp::from_unix_ms(check.now_ms - check.rng.i64(100_000..400_000));
    let expected = check.model.prune(before);
    let limit = check.rng.usize(1..50);
    let mut pruned = (0, 0);
    for _ in 0..=expected.0 + check.model.events.len() {
        let step = check.scene.store.prune(before, limit).await.expect("prune");
        assert_eq!(step.failure, None);
        pruned = (pruned.0 + step.events, pruned.1 + step.deliveries);
        if !step.more {
            break;
        }
    }
    assert_eq!(pruned, expected);
    check.compare_all().await;
}
