//! Promises of [`postrider_storage::RetentionStore`].

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{DeliveryStatus, Timestamp};

use super::build::*;
use super::lists::all_pages;
use super::scene::*;
use postrider_storage::{
    Appended, DeleteObject, DeliveryFilter, EventFilter, FirstAttempt, NewEvent, Pruned, Recorded, Store,
};

/// More steps than any test's store has rows.
const STEPS_MAX: usize = 10_000;

/// Prunes to the end, calling `between` after each step. Returns how many events and deliveries were removed.
async fn prune_all(
    scene: &Scene,
    before: Timestamp,
    limit: usize,
    between: impl AsyncFn(),
) -> (usize, usize) {
    let (mut events, mut deliveries) = (0, 0);
    for _ in 0..STEPS_MAX {
        let pruned = scene.store.prune(before, limit).await.expect("prune");
        events += pruned.events;
        deliveries += pruned.deliveries;
        between().await;
        if !pruned.more {
            return (events, deliveries);
        }
    }
    panic!("pruning has no end");
}

/// Appends an event with a delivery for each action of the scene, settled in this status after one attempt.
async fn append_settled(scene: &Scene, s: i64, status: DeliveryStatus) -> NewEvent {
    let event = scene.event_for(s, &scene.actions, FirstAttempt::Owned);
    scene.append_new(&event).await;
    for (index, action) in scene.actions.iter().enumerate() {
        scene.settle(key_of(&event, index), *action, s, status).await;
    }
    event
}

/// Whether an event exists. Also checks that it is complete, or removed with everything that belongs to it.
async fn is_there(scene: &Scene, event: &NewEvent, attempts: usize) -> bool {
    let read = scene
        .store
        .event(event.event.account, event.event.id)
        .await
        .expect("event");
    for index in 0..event.deliveries.len() {
        let key = key_of(event, index);
        let delivery = scene.store.delivery(key).await.expect("delivery");
        assert_eq!(
            delivery.is_some(),
            read.is_some(),
            "events go with their deliveries"
        );
        let expected = if read.is_some() { attempts } else { 0 };
        assert_eq!(
            scene.attempts(key).await.len(),
            expected,
            "and with their attempts"
        );
    }
    read.is_some()
}

pub async fn an_empty_store_has_nothing_to_prune(store: Arc<dyn Store>) {
    assert_eq!(store.prune(at(1_000_000), 100).await, Ok(Pruned::default()));
}

pub async fn a_confirmed_time_is_kept(store: Arc<dyn Store>) {
    let clock = store.clock(at(5)).await.expect("clock");
    assert_eq!(clock.confirmed, None);
    for time in [at(20), at(10)] {
        store.confirm_time(time).await.expect("confirm_time");
        let clock = store.clock(at(5)).await.expect("clock");
        assert_eq!(clock.confirmed, Some(time));
    }
}

pub async fn whole_events_go_and_those_of_the_boundary_stay(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let old = append_settled(&scene, 10, DeliveryStatus::Succeeded).await;
    let bare = scene.event(11);
    scene.append_new(&bare).await;
    let mut last = scene.event(20);
    last.event.created_at = at(20).before(Duration::from_millis(1));
    scene.append_new(&last).await;
    let boundary = append_settled(&scene, 20, DeliveryStatus::Failed).await;
    let new = append_settled(&scene, 30, DeliveryStatus::Failed).await;
    let nothing = scene.store.prune(at(10), 100).await;
    assert_eq!(nothing, Ok(Pruned::default()), "nothing is older than the oldest");
    assert_eq!(prune_all(&scene, at(20), 100, async || ()).await, (3, 3));
    for (event, attempts, expected) in [
        (&old, 1, false),
        (&bare, 0, false),
        (&last, 0, false),
        (&boundary, 1, true),
        (&new, 1, true),
    ] {
        assert_eq!(
            is_there(&scene, event, attempts).await,
            expected,
            "{}",
            event.event.created_at
        );
    }
    let filter = EventFilter::default();
    let listed = all_pages(10, |page| scene.store.events(scene.account, &filter, page)).await;
    assert_eq!(listed, [new.event, boundary.event]);
    let filter = DeliveryFilter::default();
    let listed = all_pages(10, |page| scene.store.deliveries(scene.account, &filter, page)).await;
    assert_eq!(listed.len(), 6);
}

pub async fn pruning_goes_in_small_steps_oldest_first_and_never_splits_an_event(store: Arc<dyn Store>) {
    for limit in [1, 2, 5, 40] {
        prune_in_steps(Arc::clone(&store), limit).await;
    }
}

async fn prune_in_steps(store: Arc<dyn Store>, limit: usize) {
    // A separate day for each limit, because the tests share a store.
    let day = i64::try_from(limit).expect("few") * 86_400;
    let scene = Scene::new_at(store, day).await;
    let mut events = Vec::new();
    for s in 0..12 {
        events.push(append_settled(&scene, day + s, DeliveryStatus::Succeeded).await);
    }
    let check = async || {
        let mut there = Vec::new();
        for event in &events {
            there.push(is_there(&scene, event, 1).await);
        }
        assert!(there.is_sorted(), "oldest first: {there:?}");
    };
    let first = scene.store.prune(at(day + 12), limit).await.expect("prune");
    assert!(first.events <= limit.max(1), "one step is bounded: {first:?}");
    check().await;
    let rest = prune_all(&scene, at(day + 12), limit, check).await;
    assert_eq!(
        (first.events + rest.0, first.deliveries + rest.1),
        (12, 36),
        "limit {limit}"
    );
    for event in &events {
        assert!(!is_there(&scene, event, 1).await);
    }
}

pub async fn pending_events_stay_whole_and_keep_no_newer_ones(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut pending = Vec::new();
    for s in 0..8 {
        let mut event = scene.event_for(s, &scene.actions, FirstAttempt::Owned);
        if s % 2 == 0 {
            event.deliveries[2].first_attempt = FirstAttempt::Waiting;
        }
        scene.append_new(&event).await;
        for index in 0..2 {
            scene
                .settle(
                    key_of(&event, index),
                    scene.actions[index],
                    s,
                    DeliveryStatus::Failed,
                )
                .await;
        }
        pending.push(event);
    }
    let newer = append_settled(&scene, 10, DeliveryStatus::Succeeded).await;
    assert_eq!(prune_all(&scene, at(20), 2, async || ()).await, (1, 3));
    assert!(!is_there(&scene, &newer, 1).await);
    for event in &pending {
        let read = scene.store.event(scene.account, event.event.id).await;
        assert_eq!(read, Ok(Some(event.event.clone())));
        let attempts = [0, 1, 2].map(|index| scene.attempts(key_of(event, index)));
        let [a, b, c] = attempts;
        assert_eq!((a.await.len(), b.await.len(), c.await.len()), (1, 1, 0));
    }
    // Once settled, it is removed.
    let key = key_of(&pending[1], 2);
    scene
        .settle(key, scene.actions[2], 30, DeliveryStatus::Canceled)
        .await;
    assert_eq!(prune_all(&scene, at(20), 2, async || ()).await, (0, 0));
    assert_eq!(prune_all(&scene, at(31), 2, async || ()).await, (1, 3));
    assert_eq!(
        scene.store.event(scene.account, pending[1].event.id).await,
        Ok(None)
    );
}

pub async fn retention_counts_from_the_last_settlement(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for status in [
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
        DeliveryStatus::Canceled,
    ] {
        let event = scene.event_for(1, &scene.actions, FirstAttempt::Owned);
        scene.append_new(&event).await;
        for (index, action) in scene.actions.iter().enumerate() {
            // The last one is settled hours later, as at the end of a long schedule.
            let s = if index == 2 { 20_000 } else { 2 };
            scene.settle(key_of(&event, index), *action, s, status).await;
        }
        let by_attempt = usize::from(status != DeliveryStatus::Canceled);
        for before in [at(100), at(10_000), at(20_000)] {
            assert_eq!(prune_all(&scene, before, 10, async || ()).await, (0, 0));
        }
        assert!(is_there(&scene, &event, by_attempt).await);
        assert_eq!(prune_all(&scene, at(20_001), 10, async || ()).await, (1, 3));
        assert!(!is_there(&scene, &event, by_attempt).await);
    }
}

pub async fn a_resend_that_is_due_keeps_its_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = append_settled(&scene, 1, DeliveryStatus::Succeeded).await;
    let resent = scene.store.resend(key_of(&event, 1), at(50), audit()).await;
    assert_eq!(resent, Ok(postrider_storage::Resent::Due(scene.actions[1])));
    assert_eq!(prune_all(&scene, at(20), 10, async || ()).await, (0, 0));
    assert!(is_there(&scene, &event, 1).await);
}

pub async fn an_id_and_a_key_are_free_again_with_their_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut event = scene.event(1);
    event.id_is_callers = true;
    event.idempotency_key = Some("key".to_owned());
    scene.append_new(&event).await;
    assert_eq!(prune_all(&scene, at(20), 10, async || ()).await, (1, 0));
    let mut other = scene.event(30);
    other.event.id = event.event.id;
    other.id_is_callers = true;
    scene.append_new(&other).await;
    let mut other = scene.event(31);
    other.idempotency_key = Some("key".to_owned());
    scene.append_new(&other).await;
}

pub async fn news_of_a_pruned_delivery_is_missing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_in_status(1, DeliveryStatus::Succeeded).await;
    prune_all(&scene, at(20), 10, async || ()).await;
    let late = settled(key, scene.actions[0], 30, DeliveryStatus::Failed);
    assert_eq!(scene.finish(late).await, Recorded::Missing);
    assert_eq!(scene.attempts(key).await, []);
    assert_eq!(
        scene.store.resend(key, at(31), audit()).await,
        Ok(postrider_storage::Resent::Missing)
    );
}

pub async fn what_a_deleted_account_left_behind_goes_step_by_step(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, automation) = scene.another_account(0).await;
    let settled_event = append_settled(&scene, 10, DeliveryStatus::Failed).await;
    let waiting = scene.event_for(1000, &scene.actions, FirstAttempt::Waiting);
    scene.append_new(&waiting).await;
    let mut owned = scene.event_for(1001, &scene.actions, FirstAttempt::Owned);
    owned.idempotency_key = Some("key".to_owned());
    scene.append_new(&owned).await;
    let mut kept = scene.event(1002);
    kept.event.account = other;
    let actions = [automation.actions[0].id];
    let kept = scene.with_deliveries(kept, automation.id, &actions, FirstAttempt::Waiting);
    scene.append_new(&kept).await;

    assert_eq!(
        scene.store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    // They are removed although they are younger than `before`, or pending.
    prune_all(&scene, at(-1000), 2, async || ()).await;
    for event in [&settled_event, &waiting, &owned] {
        assert!(!is_there(&scene, event, 0).await);
    }
    let late = settled(
        key_of(&owned, 0),
        scene.actions[0],
        1003,
        DeliveryStatus::Succeeded,
    );
    assert_eq!(scene.finish(late).await, Recorded::Missing);
    for action in &scene.actions {
        assert_eq!(scene.claim(*action, ROOM, far_ahead()).await.deliveries, []);
    }
    assert!(is_there(&scene, &kept, 0).await, "another account's stay");
    let lanes = scene
        .store
        .waiting_lanes(ALL_TIME, None, 10)
        .await
        .expect("waiting_lanes");
    assert_eq!(lanes.iter().map(|lane| lane.account).collect::<Vec<_>>(), [other]);
    assert_eq!(scene.store.prune(at(-1000), 10).await, Ok(Pruned::default()));
}

pub async fn events_are_accepted_while_others_are_pruned(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 0..60 {
        append_settled(&scene, s, DeliveryStatus::Succeeded).await;
    }
    let prune = prune_all(&scene, at(100), 3, async || ());
    let accept = async {
        for s in 200..260 {
            assert_eq!(scene.append(vec![scene.waiting(s)]).await, [Appended::Stored]);
        }
    };
    let (pruned, ()) = tokio::join!(prune, accept);
    assert_eq!(pruned, (60, 180));
    let claim = scene.claim(scene.actions[0], ROOM, at(1000)).await;
    assert_eq!(claim.deliveries.len(), 60);
}

pub async fn an_old_event_accepted_behind_younger_ones_goes_too(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let young = append_settled(&scene, 100, DeliveryStatus::Failed).await;
    let old = append_settled(&scene, 10, DeliveryStatus::Failed).await;
    assert_eq!(prune_all(&scene, at(50), 1, async || ()).await, (1, 3));
    assert!(!is_there(&scene, &old, 1).await);
    assert!(is_there(&scene, &young, 1).await);
}

/// The clock was ahead for a while: events of that time are young when those behind them are old.
pub async fn events_of_a_clock_that_was_ahead_keep_none_behind_them(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let ahead_s = 30 * 86_400;
    for batch in 0..11 {
        let events = (0..100).map(|n| scene.event(ahead_s + batch * 100 + n)).collect();
        scene.append(events).await;
    }
    let old = append_settled(&scene, 10, DeliveryStatus::Succeeded).await;
    let mut pending = scene.waiting(11);
    pending.event.created_at = at(11);
    scene.append_new(&pending).await;
    let last = append_settled(&scene, 12, DeliveryStatus::Succeeded).await;
    assert_eq!(prune_all(&scene, at(86_400), 3, async || ()).await, (2, 6));
    assert!(!is_there(&scene, &old, 1).await && !is_there(&scene, &last, 1).await);
    assert!(is_there(&scene, &pending, 0).await);
    let later = at(86_400 + 3600);
    assert_eq!(prune_all(&scene, later, 3, async || ()).await, (0, 0));
    assert_eq!(
        prune_all(&scene, at(2 * ahead_s), 1000, async || ()).await,
        (1100, 0)
    );
}

/// A node that read the configuration just before the account was deleted may accept an event after
/// everything was pruned.
pub async fn what_is_accepted_for_a_deleted_account_is_not_kept_for_good(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    assert_eq!(
        scene.store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    prune_all(&scene, at(-1000), 10, async || ()).await;
    let event = scene.owned(10);
    let appended = append(&*scene.store, scene.session, vec![event.clone()]).await;
    if appended == Ok(vec![Appended::Stored]) {
        let canceled = settled(key_of(&event, 0), scene.actions[0], 11, DeliveryStatus::Canceled);
        assert_ne!(scene.finish(canceled).await, Recorded::Fenced);
    }
    prune_all(&scene, at(20), 10, async || ()).await;
    assert!(!is_there(&scene, &event, 0).await);
}
