//! Promises of [`postrider_storage::HealthStore`], and of what results and edits change in the health of
//! actions.

use std::sync::Arc;

use postrider_model::automation::DisabledReason;
use postrider_model::health::ActionHealth;
use postrider_model::{AccountId, ActionId, DeliveryStatus, Does, Origin, Timestamp};

use super::automations::{disabling, gone, stored, update};
use super::build::*;
use super::scene::*;
use postrider_storage::{
    ActionReport, Announcement, Change, DeleteObject, Finished, FirstAttempt, NewEvent, Recorded,
    SaveAutomation, Store, StoredIf,
};

/// The health of an action; `None` if nothing is stored.
async fn health(scene: &Scene, account: AccountId, action: ActionId) -> Option<ActionHealth> {
    let config = scene.store.account_config(account).await.expect("account_config");
    let health = config.expect("the account").health;
    assert!(health.is_sorted_by_key(|(action, _)| *action));
    health
        .into_iter()
        .find_map(|(id, health)| (id == action).then_some(health))
}

async fn first_health(scene: &Scene) -> ActionHealth {
    let health = health(scene, scene.account, scene.actions[0]).await;
    health.unwrap_or_default()
}

/// An operational event at `s` with a waiting delivery of the scene's second action.
fn operational(scene: &Scene, s: i64) -> NewEvent {
    let mut event = scene.event_for(s, &scene.actions[1..2], FirstAttempt::Waiting);
    event.event.origin = Origin::Operational;
    event.event.event_type = event_type("postrider.action.failing");
    event.adds_event_type = false;
    event
}

/// A report about the first action, and the events that it stores always, with an announced change of
/// health, and if the action is disabled.
fn report(scene: &Scene, s: i64) -> (Box<ActionReport>, [NewEvent; 3]) {
    let events = [
        operational(scene, s),
        operational(scene, s),
        operational(scene, s),
    ];
    let conditions = [
        StoredIf::Applied,
        StoredIf::HealthAnnounced,
        StoredIf::ActionDisabled,
    ];
    let announcements = conditions
        .into_iter()
        .zip(events.clone())
        .map(|(stored_if, event)| Announcement { stored_if, event })
        .collect();
    let report = ActionReport {
        automation: scene.automation,
        changes_health: true,
        announcements,
    };
    (Box::new(report), events)
}

/// The same result with a report.
fn with_report(mut finished: Finished, of: Box<ActionReport>) -> Finished {
    let Change::Attempted { report, .. } = &mut finished.change else {
        panic!("it was attempted");
    };
    *report = Some(of);
    finished
}

/// Which of the events are stored, each with its delivery.
async fn are_stored(scene: &Scene, events: &[NewEvent; 3]) -> [bool; 3] {
    let mut stored = [false; 3];
    for (is_stored, new) in stored.iter_mut().zip(events) {
        let found = scene
            .store
            .event(scene.account, new.event.id)
            .await
            .expect("event");
        *is_stored = found.is_some();
        assert!(found.is_none_or(|found| found == new.event));
        let delivery = scene.store.delivery(key_of(new, 0)).await.expect("delivery");
        assert_eq!(delivery.is_some(), *is_stored);
        assert!(delivery.is_none_or(|delivery| delivery.next_attempt_at == Some(new.event.created_at)));
    }
    stored
}

/// Settles a new delivery of the first action at `s`, with a report. Returns which of its announcements are
/// stored.
async fn settle(scene: &Scene, s: i64, status: DeliveryStatus) -> [bool; 3] {
    let key = scene.append_owned(s).await;
    let (report, events) = report(scene, s);
    let recorded = scene
        .finish(with_report(settled(key, scene.actions[0], s, status), report))
        .await;
    assert_eq!(recorded, Recorded::Applied);
    are_stored(scene, &events).await
}

fn ended(s: i64) -> Timestamp {
    let attempt = attempt(1, s, postrider_model::Outcome::Succeeded);
    attempt.started_at.after(attempt.duration)
}

pub async fn a_failure_makes_an_action_failing_and_the_next_success_healthy(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    assert_eq!(health(&scene, scene.account, scene.actions[0]).await, None);
    assert_eq!(
        settle(&scene, 10, DeliveryStatus::Failed).await,
        [true, true, false]
    );
    assert_eq!(first_health(&scene).await.failing_since, Some(ended(10)));
    assert_eq!(
        settle(&scene, 20, DeliveryStatus::Failed).await,
        [true, false, false]
    );
    assert_eq!(first_health(&scene).await.failing_since, Some(ended(10)));
    assert_eq!(
        settle(&scene, 30, DeliveryStatus::Succeeded).await,
        [true, true, false]
    );
    assert_eq!(first_health(&scene).await.failing_since, None);
    assert_eq!(
        settle(&scene, 40, DeliveryStatus::Succeeded).await,
        [true, false, false]
    );
    let other = health(&scene, scene.account, scene.actions[1]).await;
    assert_eq!(other.unwrap_or_default(), ActionHealth::default());
}

pub async fn only_results_that_are_applied_change_health_and_announce_it(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_owned(10).await;
    let (report, events) = report(&scene, 10);
    let finished = with_report(settled(key, scene.actions[0], 10, DeliveryStatus::Failed), report);
    let another = open_session(&*scene.store).await;
    let late = finish(&*scene.store, another, finished.clone()).await;
    assert_eq!(late, Recorded::Fenced);
    assert_eq!(are_stored(&scene, &events).await, [false; 3]);
    assert_eq!(first_health(&scene).await, ActionHealth::default());

    let key = scene.append_owned(11).await;
    let (again, events) = self::report(&scene, 11);
    let finished = with_report(settled(key, scene.actions[0], 11, DeliveryStatus::Failed), again);
    for _ in 0..2 {
        assert_eq!(scene.finish(finished.clone()).await, Recorded::Applied);
        assert_eq!(are_stored(&scene, &events).await, [true, true, false]);
    }
}

pub async fn announcements_are_stored_with_their_deliveries_in_the_commit_of_the_result(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store).await;
    let (first, second) = (scene.append_owned(10).await, scene.append_owned(11).await);
    let (one, of_one) = report(&scene, 10);
    let (two, of_two) = report(&scene, 11);
    let results = vec![
        with_report(settled(first, scene.actions[0], 10, DeliveryStatus::Failed), one),
        with_report(settled(second, scene.actions[0], 11, DeliveryStatus::Failed), two),
    ];
    let recorded = finish_all(&*scene.store, scene.session, results).await;
    assert_eq!(recorded.expect("finished"), [Recorded::Applied; 2]);
    assert_eq!(are_stored(&scene, &of_one).await, [true, true, false]);
    assert_eq!(are_stored(&scene, &of_two).await, [true, false, false]);
    let claimed = scene.claim(scene.actions[1], 100, at(100)).await;
    assert_eq!(claimed.deliveries.len(), 3);
    assert!(
        claimed
            .deliveries
            .iter()
            .all(|ready| ready.event.origin == Origin::Operational)
    );
}

pub async fn an_action_that_is_switched_off_announces_this_alone(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = stored(&scene).await.actions[0].clone();
    let mut announced = Vec::new();
    for s in [10, 20] {
        let event = scene.event_for(s, &[action.id], FirstAttempt::Owned);
        scene.append_new(&event).await;
        let (report, events) = report(&scene, s);
        let finished = with_report(disabling(&event, &gone(&action), s), report);
        assert_eq!(scene.finish(finished).await, Recorded::Applied);
        announced.push(are_stored(&scene, &events).await);
    }
    assert_eq!(announced, [[true, false, true], [true, false, false]]);
    let health = first_health(&scene).await;
    assert_eq!((health.failing_since, health.disabled_at), (None, Some(at(10))));
}

pub async fn an_action_that_recovered_is_not_switched_off_as_failing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = stored(&scene).await.actions[0].clone();
    let fail = async |s| {
        let event = scene.event_for(s, &[action.id], FirstAttempt::Owned);
        scene.append_new(&event).await;
        let mut disable = gone(&action);
        disable.reason = DisabledReason::Failing;
        let (report, events) = report(&scene, s);
        scene
            .finish(with_report(disabling(&event, &disable, s), report))
            .await;
        (
            stored(&scene).await.actions[0].disabled_reason,
            are_stored(&scene, &events).await,
        )
    };
    assert_eq!(fail(10).await, (None, [true, true, false]));
    assert_eq!(
        fail(20).await,
        (Some(DisabledReason::Failing), [true, false, true])
    );
}

pub async fn edits_begin_the_health_of_what_they_change_anew(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let fail = async |s| {
        settle(&scene, s, DeliveryStatus::Failed).await;
        assert!(first_health(&scene).await.failing_since.is_some());
    };
    fail(10).await;
    let mut automation = stored(&scene).await;
    automation.name.push_str(" renamed");
    assert!(matches!(
        update(&scene, &automation).await,
        SaveAutomation::Saved(_)
    ));
    assert!(first_health(&scene).await.failing_since.is_some());

    let mut automation = stored(&scene).await;
    let Does::SendWebhook(webhook) = &mut automation.actions[0].does else {
        panic!("a webhook");
    };
    webhook.url.push_str("elsewhere");
    assert!(matches!(
        update(&scene, &automation).await,
        SaveAutomation::Saved(_)
    ));
    // What was announced still is, so that a success is announced too.
    let begun = first_health(&scene).await;
    assert_eq!((begun.failing_since, begun.is_announced), (None, true));

    for is_on in [false, true] {
        if !is_on {
            fail(20).await;
        }
        let mut automation = stored(&scene).await;
        automation.enabled = is_on;
        assert!(matches!(
            update(&scene, &automation).await,
            SaveAutomation::Saved(_)
        ));
        assert_eq!(first_health(&scene).await.failing_since.is_some(), !is_on);
    }

    fail(30).await;
    let mut automation = stored(&scene).await;
    let removed = automation.actions.remove(0);
    assert!(matches!(
        update(&scene, &automation).await,
        SaveAutomation::Saved(_)
    ));
    assert_eq!(health(&scene, scene.account, removed.id).await, None);
    let deleted = scene
        .store
        .delete_automation(scene.account, scene.automation, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(first_health(&scene).await, ActionHealth::default());
    assert_eq!(scene.store.unhealthy_actions(10).await, Ok(Vec::new()));
}

pub async fn unhealthy_actions_are_listed_newest_trouble_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let fail = async |s, nth: usize| {
        let event = scene.event_for(s, &scene.actions[nth..=nth], FirstAttempt::Owned);
        scene.append_new(&event).await;
        let (report, _) = report(&scene, s);
        let failed = settled(key_of(&event, 0), scene.actions[nth], s, DeliveryStatus::Failed);
        scene.finish(with_report(failed, report)).await;
    };
    fail(10, 0).await;
    fail(20, 2).await;
    fail(30, 0).await;
    let unhealthy = scene
        .store
        .unhealthy_actions(10)
        .await
        .expect("unhealthy_actions");
    let found = unhealthy.iter().map(|found| {
        assert_eq!(
            (found.account, found.automation),
            (scene.account, scene.automation)
        );
        (found.action, found.health.failing_since)
    });
    let expected = [
        (scene.actions[2], Some(ended(20))),
        (scene.actions[0], Some(ended(10))),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let first = scene.store.unhealthy_actions(1).await.expect("unhealthy_actions");
    assert_eq!(first, unhealthy[..1]);
    let deleted = scene.store.delete_account(scene.account, None, audit()).await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(scene.store.unhealthy_actions(10).await, Ok(Vec::new()));
}
