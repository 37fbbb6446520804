//! The bound on the deliveries of an event, which is the commit's to keep.

use std::sync::Arc;

use postrider_model::automation::{ACTIONS_MAX, DELIVERIES_PER_EVENT_MAX};
use postrider_model::{Automation, Trigger};

use super::automations::{read, stored, update};
use super::build::*;
use super::concurrency::race;
use super::scene::*;
use postrider_storage::rules::fan_out::TooManyDeliveries;
use postrider_storage::{SaveAutomation, Store};

/// An automation of the scene's account, with `actions` actions on this pattern.
fn automation_on(scene: &Scene, s: i64, pattern: &str, actions: usize) -> Automation {
    Automation {
        trigger: Trigger {
            event_types: vec![pattern.parse().expect("a pattern")],
            conditions: None,
        },
        ..new_automation(&scene.ids, s, actions)
    }
}

/// A scene whose events of type `a.b` have so many deliveries that [`ACTIONS_MAX`] more are possible.
async fn scene_with_room_for_one(store: Arc<dyn Store>) -> Scene {
    let scene = Scene::new(store).await;
    let of_scene = stored(&scene).await.actions.len();
    let mut left = DELIVERIES_PER_EVENT_MAX - of_scene - ACTIONS_MAX;
    let mut s = 1;
    while left > 0 {
        let actions = left.min(ACTIONS_MAX);
        let filling = automation_on(&scene, s, "a.b", actions);
        create_automation(&*scene.store, scene.account, filling).await;
        left -= actions;
        s += 1;
    }
    scene
}

pub async fn an_event_has_a_bounded_number_of_deliveries_whatever_is_saved(store: Arc<dyn Store>) {
    let scene = scene_with_room_for_one(store).await;
    let create = async |automation: &Automation| {
        let created = scene
            .store
            .create_automation(scene.account, automation.clone(), audit())
            .await;
        created.expect("create_automation")
    };
    let last = automation_on(&scene, 100, "a.b", ACTIONS_MAX);
    assert!(matches!(create(&last).await, SaveAutomation::Saved(_)));
    let refused = |event_type: &str, count| {
        let event_type = event_type.to_owned();
        SaveAutomation::TooManyDeliveries(TooManyDeliveries {
            event_type,
            count,
            most: DELIVERIES_PER_EVENT_MAX,
        })
    };
    let surplus = automation_on(&scene, 101, "a.*", 1);
    let one_more = refused("a.b", DELIVERIES_PER_EVENT_MAX + 1);
    assert_eq!(create(&surplus).await, one_more);
    assert_eq!(read(&scene, surplus.id).await, None);
    let elsewhere = automation_on(&scene, 102, "a.c", 1);
    assert!(matches!(create(&elsewhere).await, SaveAutomation::Saved(_)));
    let moved = Automation {
        trigger: surplus.trigger.clone(),
        ..elsewhere.clone()
    };
    assert_eq!(update(&scene, &moved).await, one_more);
    assert_eq!(read(&scene, elsewhere.id).await, Some(elsewhere));
    let off = Automation {
        enabled: false,
        ..surplus
    };
    assert!(matches!(create(&off).await, SaveAutomation::Saved(_)));
    let on = Automation {
        enabled: true,
        ..off.clone()
    };
    assert_eq!(update(&scene, &on).await, one_more);
    assert_eq!(read(&scene, off.id).await, Some(off));
    // What the automation had before does not count beside what it will have.
    let SaveAutomation::Saved(last) = update(&scene, &last).await else {
        panic!("an automation can be saved unchanged");
    };
    let mut fewer = last;
    fewer.actions[0].enabled = false;
    assert!(matches!(update(&scene, &fewer).await, SaveAutomation::Saved(_)));
    assert!(matches!(update(&scene, &on).await, SaveAutomation::Saved(_)));
}

/// Checks that exactly one of the saves took the place that was left.
fn assert_one_is_saved(saved: &[SaveAutomation]) {
    let is_refused = |saved: &&SaveAutomation| matches!(saved, SaveAutomation::TooManyDeliveries(_));
    let refused = saved.iter().filter(is_refused).count();
    assert_eq!(refused, saved.len() - 1, "{saved:?}");
}

pub async fn one_of_many_concurrent_automations_takes_the_last_deliveries_of_an_event(store: Arc<dyn Store>) {
    let scene = Arc::new(scene_with_room_for_one(store).await);
    let saved = race(|n| {
        let scene = Arc::clone(&scene);
        async move {
            let automation = new_automation(&scene.ids, 1000 + n, ACTIONS_MAX);
            let saved = scene
                .store
                .create_automation(scene.account, automation, audit())
                .await;
            saved.expect("create_automation")
        }
    });
    assert_one_is_saved(&saved.await);
}

pub async fn one_of_many_automations_switched_on_takes_the_last_deliveries_of_an_event(
    store: Arc<dyn Store>,
) {
    let scene = Arc::new(scene_with_room_for_one(store).await);
    let saved = race(|n| {
        let scene = Arc::clone(&scene);
        async move {
            let mut automation = new_automation(&scene.ids, 1000 + n, ACTIONS_MAX);
            automation.enabled = false;
            let mut off = create_automation(&*scene.store, scene.account, automation).await;
            off.enabled = true;
            let saved = scene
                .store
                .update_automation(scene.account, off, Vec::new(), audit())
                .await;
            saved.expect("update_automation")
        }
    });
    assert_one_is_saved(&saved.await);
}
