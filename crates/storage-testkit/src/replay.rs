//! Promises of [`postrider_storage::DeliveryStore::replay_step`] and
//! [`postrider_storage::DeliveryStore::count_step`].

use std::collections::BTreeSet;
use std::sync::Arc;

use postrider_model::delivery::{ATTEMPTS_MAX, Next, Progress};
use postrider_model::{ActionId, Delivery, DeliveryId, DeliveryStatus, Outcome, Timestamp};

use super::build::*;
use super::filters::{deliveries_of_every_kind, filters_of_every_kind, matches};
use super::scene::*;
use postrider_storage::{
    Change, DeliveryFilter, DeliveryKey, Finished, FirstAttempt, Recorded, ReplayStep, Store,
};

async fn step(
    scene: &Scene,
    filter: &DeliveryFilter,
    actions: &[ActionId],
    after: Option<postrider_storage::Position>,
    now: Timestamp,
) -> ReplayStep {
    let step = scene
        .store
        .replay_step(scene.account, filter, actions, after, now, Some(audit()))
        .await;
    step.expect("replay_step")
}

/// Replays to the end. The number of steps is at most the number of deliveries, plus one that finds none
/// left.
async fn replay(
    scene: &Scene,
    filter: &DeliveryFilter,
    actions: &[ActionId],
    now: Timestamp,
    steps_max: usize,
) -> usize {
    let (mut after, mut replayed) = (None, 0);
    for _ in 0..=steps_max {
        let step = step(scene, filter, actions, after, now).await;
        replayed += step.replayed;
        after = step.next;
        if after.is_none() {
            return replayed;
        }
    }
    panic!("a replay of {steps_max} deliveries has no end");
}

fn key(scene: &Scene, delivery: DeliveryId) -> DeliveryKey {
    DeliveryKey {
        account: scene.account,
        delivery,
    }
}

/// A matching delivery after a replay at `now`.
fn replayed(before: &Delivery, now: Timestamp) -> Delivery {
    Delivery {
        progress: before.progress.resend().expect("few attempts"),
        next_attempt_at: Some(now),
        settled_at: None,
        ..before.clone()
    }
}

/// Undoes a replay, so that one scene serves many filters: claims all deliveries, attempts each, and leaves
/// it in the status that it had before.
async fn settle_again(scene: &Scene, before: &[Delivery], now: Timestamp) {
    let actions: BTreeSet<_> = before.iter().map(|delivery| delivery.action).collect();
    let mut news = Vec::new();
    for action in actions {
        for ready in scene.claim(action, ROOM, now).await.deliveries {
            let was = before.iter().find(|delivery| delivery.id == ready.key.delivery);
            let was = was.expect("one of the scene's").progress;
            let number = ready.progress.next_number();
            let next = match was.status {
                DeliveryStatus::Pending => Next::Retry(at(500)),
                status => Next::Settle(status),
            };
            let change = Change::Attempted {
                // The start differs each time: an attempt that is already on record changes no state.
                attempt: Box::new(attempt(number, 500 + i64::from(number), Outcome::BadStatus)),
                progress: Progress {
                    attempts: number,
                    resends: ready.progress.resends + 1,
                    ..was
                },
                next,
                disables: None,
                report: None,
            };
            let key = ready.key;
            news.push(Finished { key, action, change });
        }
    }
    let recorded = finish_all(&*scene.store, scene.session, news).await;
    let recorded = recorded.expect("recorded");
    assert!(
        recorded.iter().all(|recorded| *recorded == Recorded::Applied),
        "{recorded:?}"
    );
}

pub async fn every_filter_replays_exactly_what_it_matches(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let all = deliveries_of_every_kind(&scene).await;
    let actions: Vec<_> = all.iter().map(|delivery| delivery.action).collect();
    for filter in filters_of_every_kind(&all).into_iter().step_by(3) {
        let mut before = Vec::new();
        for delivery in &all {
            before.push(scene.delivery(key(&scene, delivery.id)).await);
        }
        let chosen = |delivery: &Delivery| {
            delivery.progress.status != DeliveryStatus::Pending && matches(&filter, delivery)
        };
        let expected = before.iter().filter(|delivery| chosen(delivery)).count();
        assert_eq!(
            replay(&scene, &filter, &actions, at(1000), all.len()).await,
            expected,
            "{filter:?}"
        );
        for before in &before {
            let read = scene.delivery(key(&scene, before.id)).await;
            let expected = if chosen(before) {
                replayed(before, at(1000))
            } else {
                before.clone()
            };
            assert_eq!(read, expected, "{filter:?}");
        }
        settle_again(&scene, &before, at(1000)).await;
    }
}

pub async fn a_count_is_what_a_replay_replays_and_changes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let all = deliveries_of_every_kind(&scene).await;
    let actions = &scene.actions[..2];
    for filter in filters_of_every_kind(&all).into_iter().step_by(5) {
        let mut before = Vec::new();
        for delivery in &all {
            before.push(scene.delivery(key(&scene, delivery.id)).await);
        }
        let (mut counted, mut after) = (0, None);
        for _ in 0..=all.len() {
            let step = scene
                .store
                .count_step(scene.account, &filter, actions, after, at(1000))
                .await
                .expect("count_step");
            counted += step.matching;
            after = step.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(after, None, "a count has an end");
        for before in &before {
            assert_eq!(
                scene.delivery(key(&scene, before.id)).await,
                *before,
                "{filter:?}"
            );
        }
        let replayed = replay(&scene, &filter, actions, at(1000), all.len()).await;
        assert_eq!(counted, replayed, "{filter:?}");
        settle_again(&scene, &before, at(1000)).await;
    }
}

pub async fn only_the_actions_that_are_given_are_replayed(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let all = deliveries_of_every_kind(&scene).await;
    let filter = DeliveryFilter::default();
    assert_eq!(replay(&scene, &filter, &[], at(1000), all.len()).await, 0);
    let unknown = scene.ids.action(at(0));
    assert_eq!(replay(&scene, &filter, &[unknown], at(1000), all.len()).await, 0);
    let given = [scene.actions[2], unknown, scene.actions[0]];
    let replays = |delivery: &&Delivery| {
        given.contains(&delivery.action) && delivery.progress.status != DeliveryStatus::Pending
    };
    let expected: Vec<_> = all.iter().filter(replays).collect();
    assert_eq!(
        replay(&scene, &filter, &given, at(1000), all.len()).await,
        expected.len()
    );
    for before in &all {
        let read = scene.delivery(key(&scene, before.id)).await;
        assert_eq!(read.progress == before.progress, !replays(&before), "{before:?}");
    }
    assert_eq!(
        replay(&scene, &filter, &given, at(2000), all.len()).await,
        0,
        "they are pending now"
    );
}

pub async fn deliveries_with_too_many_attempts_are_passed_over(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let full = scene.append_owned(1).await;
    let progress = Progress {
        status: DeliveryStatus::Failed,
        attempts: ATTEMPTS_MAX,
        resends: ATTEMPTS_MAX - 3,
        resend_of: None,
    };
    let change = Change::Attempted {
        attempt: Box::new(attempt(ATTEMPTS_MAX, 2, Outcome::BadStatus)),
        progress,
        next: Next::Settle(DeliveryStatus::Failed),
        disables: None,
        report: None,
    };
    let news = Finished {
        key: full,
        action,
        change,
    };
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    let before = scene.delivery(full).await;
    let other = scene.append_in_status(3, DeliveryStatus::Failed).await;
    let filter = DeliveryFilter::default();
    assert_eq!(replay(&scene, &filter, &[action], at(50), 2).await, 1);
    assert_eq!(scene.delivery(full).await, before);
    assert_eq!(
        scene.delivery(other).await.progress.status,
        DeliveryStatus::Pending
    );
}

pub async fn a_replay_touches_no_other_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(0).await;
    let failed = scene.append_in_status(1, DeliveryStatus::Failed).await;
    let before = scene.delivery(failed).await;
    let filter = DeliveryFilter::default();
    let step = scene
        .store
        .replay_step(other, &filter, &scene.actions, None, at(50), Some(audit()))
        .await;
    let nothing = ReplayStep {
        replayed: 0,
        next: None,
    };
    assert_eq!(step, Ok(nothing));
    assert_eq!(scene.delivery(failed).await, before);
}

pub async fn a_long_replay_goes_in_bounded_steps_newest_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let count = 3000;
    let events: Vec<_> = (0..count).map(|s| scene.owned(s)).collect();
    for events in events.chunks(500) {
        scene.append(events.to_vec()).await;
        let news = events
            .iter()
            .map(|event| settled(key_of(event, 0), action, 1, DeliveryStatus::Failed));
        let recorded = finish_all(&*scene.store, scene.session, news.collect()).await;
        assert_eq!(recorded, Ok(vec![Recorded::Applied; events.len()]));
    }
    let filter = DeliveryFilter {
        before: Some(at(count - 100)),
        ..DeliveryFilter::default()
    };
    let (mut after, mut replayed, mut steps) = (None, 0, 0);
    let total = usize::try_from(count - 100).expect("few");
    loop {
        let step = step(&scene, &filter, &[action], after, at(count)).await;
        assert!(step.replayed < total, "one step is bounded");
        replayed += step.replayed;
        if let Some(newest_left) = (total - replayed).checked_sub(1) {
            let left = scene
                .delivery(key_of(&events[newest_left], 0))
                .await
                .progress
                .status;
            let made = events.get(newest_left + 1).filter(|_| replayed > 0);
            assert_eq!(left, DeliveryStatus::Failed, "newest first");
            if let Some(made) = made {
                let status = scene.delivery(key_of(made, 0)).await.progress.status;
                assert_eq!(status, DeliveryStatus::Pending, "newest first");
            }
        }
        steps += 1;
        after = step.next;
        if after.is_none() {
            break;
        }
        assert!(steps <= total, "a replay has an end");
    }
    assert_eq!(replayed, total);
}

pub async fn what_arrives_after_a_replay_began_is_not_visited(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let now = at(100);
    for s in 0..5 {
        scene.append_in_status(s, DeliveryStatus::Failed).await;
    }
    let mut later = vec![scene.append_in_status(100, DeliveryStatus::Failed).await];
    let filter = DeliveryFilter::default();
    let (mut after, mut replayed) = (None, 0);
    for s in 101..120 {
        let step = step(&scene, &filter, &[action], after, now).await;
        replayed += step.replayed;
        later.push(scene.append_in_status(s, DeliveryStatus::Failed).await);
        after = step.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((replayed, after), (5, None));
    for key in later {
        assert_eq!(scene.delivery(key).await.progress.status, DeliveryStatus::Failed);
    }
}

pub async fn a_replayed_delivery_is_claimed_and_finished_as_a_resend(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.event_for(1, &scene.actions[..1], FirstAttempt::Owned);
    scene.append_new(&event).await;
    let (key, action) = (key_of(&event, 0), scene.actions[0]);
    scene.settle(key, action, 2, DeliveryStatus::Canceled).await;
    let filter = DeliveryFilter::default();
    assert_eq!(replay(&scene, &filter, &[action], at(50), 1).await, 1);
    let lanes = scene
        .store
        .waiting_lanes(ALL_TIME, None, 10)
        .await
        .expect("waiting_lanes");
    let lanes: Vec<_> = lanes
        .into_iter()
        .map(|lane| (lane.action, lane.next_due))
        .collect();
    assert_eq!(lanes, [(action, at(50))]);
    let claim = scene.claim(action, ROOM, at(50)).await;
    assert_eq!(
        claim.deliveries[0].progress.resend_of,
        Some(DeliveryStatus::Canceled)
    );
    let news = attempted(key, action, &claim.deliveries[0].progress, 51, Outcome::BadStatus);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    assert_eq!(scene.delivery(key).await.progress.status, DeliveryStatus::Failed);
}

pub async fn a_replay_leaves_a_canceled_event_out(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let actions = &scene.actions[..2];
    let canceled = scene.event_for(5, actions, FirstAttempt::Waiting);
    scene.append_new(&canceled).await;
    let done = scene
        .store
        .cancel_event(scene.account, canceled.event.id, at(10), audit())
        .await;
    assert!(matches!(done, Ok(postrider_storage::EventCanceled::Done(of)) if of.len() == 2));
    let other = scene.append_in_status(6, DeliveryStatus::Canceled).await;
    let every_filter = [None, Some(DeliveryStatus::Canceled)].map(|status| DeliveryFilter {
        status,
        ..DeliveryFilter::default()
    });
    for filter in &every_filter {
        let counted = scene
            .store
            .count_step(scene.account, filter, actions, None, at(100))
            .await;
        assert_eq!(counted.expect("count_step").matching, 1, "{filter:?}");
    }
    let of_event = DeliveryFilter {
        event: Some(canceled.event.id),
        ..DeliveryFilter::default()
    };
    assert_eq!(replay(&scene, &of_event, actions, at(100), 2).await, 0);
    let [all, _] = every_filter;
    assert_eq!(replay(&scene, &all, actions, at(100), 3).await, 1);
    for index in 0..2 {
        let status = scene.delivery(key_of(&canceled, index)).await.progress.status;
        assert_eq!(status, DeliveryStatus::Canceled);
    }
    let status = scene.delivery(other).await.progress.status;
    assert_eq!(status, DeliveryStatus::Pending, "canceled by itself");
}
