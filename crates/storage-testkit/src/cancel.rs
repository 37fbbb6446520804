//! Promises of [`postrider_storage::DeliveryStore::cancel_step`] and
//! [`postrider_storage::DeliveryStore::count_cancel_step`].

use std::sync::Arc;

use postrider_model::delivery::Progress;
use postrider_model::{Delivery, DeliveryId, DeliveryStatus, Outcome, Timestamp};

use super::audit::{empty, trail};
use super::build::*;
use super::filters::{deliveries_of_every_kind, filters_of_every_kind, matches};
use super::scene::*;
use postrider_storage::{
    CancelStep, CanceledDelivery, DeliveryFilter, DeliveryKey, FirstAttempt, Position, Recorded, Resent,
    Store,
};

async fn step(scene: &Scene, filter: &DeliveryFilter, after: Option<Position>, now: Timestamp) -> CancelStep {
    let step = scene
        .store
        .cancel_step(scene.account, filter, after, now, Some(audit()))
        .await;
    step.expect("cancel_step")
}

/// Cancels to the end. The number of steps is at most the number of deliveries, plus one that finds none
/// left.
async fn cancel(
    scene: &Scene,
    filter: &DeliveryFilter,
    now: Timestamp,
    steps_max: usize,
) -> Vec<CanceledDelivery> {
    let (mut after, mut canceled) = (None, Vec::new());
    for _ in 0..=steps_max {
        let step = step(scene, filter, after, now).await;
        canceled.extend(step.canceled);
        after = step.next;
        if after.is_none() {
            return canceled;
        }
    }
    panic!("canceling {steps_max} deliveries has no end");
}

async fn count(scene: &Scene, filter: &DeliveryFilter, now: Timestamp, steps_max: usize) -> usize {
    let (mut after, mut counted) = (None, 0);
    for _ in 0..=steps_max {
        let step = scene
            .store
            .count_cancel_step(scene.account, filter, after, now)
            .await
            .expect("count_cancel_step");
        counted += step.matching;
        after = step.next;
        if after.is_none() {
            return counted;
        }
    }
    panic!("a count of {steps_max} deliveries has no end");
}

fn key(scene: &Scene, delivery: DeliveryId) -> DeliveryKey {
    DeliveryKey {
        account: scene.account,
        delivery,
    }
}

async fn canceled_before(scene: &Scene) -> Option<Timestamp> {
    let config = scene.store.account_config(scene.account).await;
    config
        .expect("account_config")
        .expect("the account")
        .canceled_before
}

async fn read(scene: &Scene, deliveries: &[Delivery]) -> Vec<Delivery> {
    let mut read = Vec::new();
    for delivery in deliveries {
        read.push(scene.delivery(key(scene, delivery.id)).await);
    }
    read
}

/// A matching delivery after it was canceled at `now`.
fn canceled(before: &Delivery, now: Timestamp) -> Delivery {
    Delivery {
        progress: Progress {
            status: before.progress.status_when_canceled(),
            resend_of: None,
            ..before.progress
        },
        next_attempt_at: None,
        settled_at: Some(now),
        ..before.clone()
    }
}

pub async fn every_filter_cancels_exactly_the_pending_deliveries_that_match(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let all = deliveries_of_every_kind(&scene).await;
    for filter in filters_of_every_kind(&all).into_iter().step_by(3) {
        let before = read(&scene, &all).await;
        let chosen = |delivery: &Delivery| {
            delivery.progress.status == DeliveryStatus::Pending && matches(&filter, delivery)
        };
        let expected = before.iter().filter(|delivery| chosen(delivery)).count();
        let counted = count(&scene, &filter, at(1000), all.len()).await;
        assert_eq!(counted, expected, "{filter:?}");
        assert_eq!(
            read(&scene, &all).await,
            before,
            "a count changes nothing: {filter:?}"
        );
        let are_canceled = cancel(&scene, &filter, at(1000), all.len()).await;
        assert_eq!(are_canceled.len(), expected, "{filter:?}");
        for (before, after) in before.iter().zip(read(&scene, &all).await) {
            if !chosen(before) {
                assert_eq!(after, *before, "{filter:?}");
                continue;
            }
            assert_eq!(after, canceled(before, at(1000)), "{filter:?}");
            // Pending again for the next filter: some wait, and others are owned.
            let resent = scene
                .store
                .resend(key(&scene, before.id), at(1000), audit())
                .await;
            assert_eq!(resent, Ok(Resent::Due(before.action)));
        }
        scene.claim(scene.actions[0], 3, at(1000)).await;
    }
}

pub async fn a_step_that_cancels_says_what_it_canceled(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut event = scene.event_for(1, &scene.actions[..2], FirstAttempt::Owned);
    event.event.origin = postrider_model::Origin::Test;
    scene.append_new(&event).await;
    let succeeded = scene.append_in_status(2, DeliveryStatus::Succeeded).await;
    let resent = scene.store.resend(succeeded, at(3), audit()).await;
    assert_eq!(resent, Ok(Resent::Due(scene.actions[0])));
    let mut said = cancel(&scene, &DeliveryFilter::default(), at(50), 3).await;
    said.sort_by_key(|canceled| (canceled.resend_of.is_some(), canceled.action));
    let of = |action, status, resend_of, is_test| CanceledDelivery {
        automation: scene.automation,
        action,
        status,
        resend_of,
        is_test,
    };
    let mut expected = [
        of(scene.actions[0], DeliveryStatus::Canceled, None, true),
        of(scene.actions[1], DeliveryStatus::Canceled, None, true),
        of(
            scene.actions[0],
            DeliveryStatus::Succeeded,
            Some(DeliveryStatus::Succeeded),
            false,
        ),
    ];
    expected.sort_by_key(|canceled| (canceled.resend_of.is_some(), canceled.action));
    assert_eq!(said, expected);
}

pub async fn canceling_touches_no_other_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(0).await;
    let pending = scene.append_waiting(1).await;
    let before = scene.delivery(pending).await;
    let step = scene
        .store
        .cancel_step(other, &DeliveryFilter::default(), None, at(50), Some(audit()))
        .await;
    let nothing = CancelStep {
        canceled: Vec::new(),
        next: None,
    };
    assert_eq!(step, Ok(nothing));
    assert_eq!(scene.delivery(pending).await, before);
}

pub async fn many_deliveries_are_canceled_in_bounded_steps_newest_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let count = 3000;
    let events: Vec<_> = (0..count)
        .map(|s| {
            if s % 2 == 0 {
                scene.owned(s)
            } else {
                scene.waiting(s)
            }
        })
        .collect();
    for events in events.chunks(500) {
        scene.append(events.to_vec()).await;
    }
    let filter = DeliveryFilter {
        before: Some(at(count - 100)),
        ..DeliveryFilter::default()
    };
    let total = usize::try_from(count - 100).expect("few");
    let (mut after, mut done, mut steps) = (None, 0, 0);
    loop {
        let step = step(&scene, &filter, after, at(count)).await;
        assert!(step.canceled.len() < total, "one step is bounded");
        done += step.canceled.len();
        if let Some(newest_left) = (total - done).checked_sub(1) {
            let left = scene.delivery(key_of(&events[newest_left], 0)).await;
            assert_eq!(left.progress.status, DeliveryStatus::Pending, "newest first");
        }
        steps += 1;
        after = step.next;
        if after.is_none() {
            break;
        }
        assert!(steps <= total, "canceling has an end");
    }
    assert_eq!(done, total);
    let newer = scene.delivery(key_of(&events[total], 0)).await;
    assert_eq!(newer.progress.status, DeliveryStatus::Pending);
}

pub async fn what_is_created_after_canceling_began_stays_pending(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (earlier, later) = (scene.append_owned(99).await, scene.append_owned(100).await);
    for before in [None, Some(at(500))] {
        let filter = DeliveryFilter {
            before,
            ..DeliveryFilter::default()
        };
        cancel(&scene, &filter, at(100), 2).await;
    }
    let status = async |key| scene.delivery(key).await.progress.status;
    assert_eq!(status(earlier).await, DeliveryStatus::Canceled);
    assert_eq!(status(later).await, DeliveryStatus::Pending);
}

pub async fn only_a_canceled_delivery_that_was_owned_is_noted_at_its_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let all = DeliveryFilter::default();
    scene.append_waiting(1).await;
    cancel(&scene, &all, at(10), 1).await;
    assert_eq!(canceled_before(&scene).await, None, "no node has it in memory");
    scene.append_owned(11).await;
    cancel(&scene, &all, at(20), 1).await;
    assert_eq!(canceled_before(&scene).await, Some(at(20)));
    scene.append_owned(13).await;
    cancel(&scene, &all, at(15), 1).await;
    assert_eq!(canceled_before(&scene).await, Some(at(20)), "it never decreases");
}

pub async fn a_canceled_delivery_is_claimed_by_nobody_and_can_be_resent(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_waiting(1).await, scene.actions[0]);
    cancel(&scene, &DeliveryFilter::default(), at(50), 1).await;
    assert_eq!(scene.claim(action, ROOM, at(60)).await.deliveries, []);
    let resent = scene.store.resend(key, at(70), audit()).await;
    assert_eq!(resent, Ok(Resent::Due(action)));
    let claim = scene.claim(action, ROOM, at(70)).await;
    assert_eq!(claim.deliveries.len(), 1);
}

pub async fn the_late_result_of_a_canceled_delivery_is_recorded_and_changes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    for (s, outcome) in [(1, Outcome::Succeeded), (2, Outcome::BadStatus)] {
        let key = scene.append_owned(s).await;
        cancel(&scene, &DeliveryFilter::default(), at(50), 1).await;
        let before = scene.delivery(key).await;
        assert_eq!(before.progress.status, DeliveryStatus::Canceled);
        let late = attempted(key, action, &Progress::new(), 51, outcome);
        assert_eq!(scene.finish(late).await, Recorded::Fenced);
        assert_eq!(scene.delivery(key).await, before);
        assert_eq!(scene.attempts(key).await.len(), 1);
    }
}

pub async fn an_attempt_from_before_a_cancellation_does_not_decide_a_resend(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    cancel(&scene, &DeliveryFilter::default(), at(50), 1).await;
    let resent = scene.store.resend(key, at(60), audit()).await;
    assert_eq!(resent, Ok(Resent::Due(action)));
    let claim = scene.claim(action, ROOM, at(60)).await;
    let owned = scene.delivery(key).await;
    let late = attempted(key, action, &Progress::new(), 61, Outcome::BadStatus);
    assert_eq!(scene.finish(late).await, Recorded::Fenced);
    assert_eq!(scene.delivery(key).await, owned);
    let resend = attempted(key, action, &claim.deliveries[0].progress, 62, Outcome::Succeeded);
    assert_eq!(scene.finish(resend).await, Recorded::Applied);
    assert_eq!(
        scene.delivery(key).await.progress.status,
        DeliveryStatus::Succeeded
    );
    assert_eq!(scene.attempts(key).await.len(), 2);
}

pub async fn only_a_step_that_cancels_leaves_its_entry(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    scene.append_owned(1).await;
    empty(&*scene.store).await;
    let entry = audit();
    for entry in [Some(entry.clone()), None, Some(audit())] {
        let filter = DeliveryFilter::default();
        let step = scene
            .store
            .cancel_step(scene.account, &filter, None, at(50), entry)
            .await;
        step.expect("cancel_step");
    }
    let ids: Vec<_> = trail(&*scene.store).await.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [entry.id]);
    let pending = scene.append_owned(2).await;
    let refused = scene
        .store
        .cancel_step(
            scene.account,
            &DeliveryFilter::default(),
            None,
            at(60),
            Some(entry),
        )
        .await;
    assert!(refused.is_err(), "its entry cannot be written: {refused:?}");
    assert_eq!(
        scene.delivery(pending).await.progress.status,
        DeliveryStatus::Pending
    );
}
