//! Promises about operational events that a verb stores together with its change: both or neither.

use std::sync::Arc;

use postrider_model::{Automation, Origin, SigningKey};

use super::automations::stored;
use super::build::*;
use super::scene::*;
use postrider_storage::{FirstAttempt, NewEvent, SaveAutomation, Store};

/// Events at `s` in the scene's account and in another one, each with a delivery.
async fn announced(scene: &Scene, s: i64) -> Vec<NewEvent> {
    let (other, automation) = scene.another_account(s).await;
    let mut elsewhere = scene.event(s);
    elsewhere.event.account = other;
    let action = automation.actions[0].id;
    let waiting = FirstAttempt::Waiting;
    let mut events = vec![
        scene.event_for(s, &scene.actions[1..2], waiting),
        scene.with_deliveries(elsewhere, automation.id, &[action], waiting),
    ];
    for new in &mut events {
        new.event.origin = Origin::Operational;
        new.event.event_type = event_type("postrider.signing_key.rotated");
        new.adds_event_type = false;
    }
    events
}

/// Whether all these events are stored, each with a delivery that waits; otherwise none is.
async fn are_stored(scene: &Scene, events: &[NewEvent]) -> bool {
    let mut stored = Vec::new();
    for new in events {
        let found = scene.store.event(new.event.account, new.event.id).await;
        let found = found.expect("event");
        assert!(found.as_ref().is_none_or(|found| *found == new.event));
        let delivery = scene.store.delivery(key_of(new, 0)).await.expect("delivery");
        assert_eq!(delivery.is_some(), found.is_some());
        assert!(delivery.is_none_or(|delivery| delivery.next_attempt_at == Some(new.event.created_at)));
        stored.push(found.is_some());
    }
    assert!(stored.iter().all(|one| *one == stored[0]), "{stored:?}");
    stored[0]
}

async fn current_key(scene: &Scene) -> SigningKey {
    let keys = scene.store.signing_keys(scene.account).await;
    let keys = keys.expect("signing_keys").expect("the account");
    keys[0].clone()
}

fn renamed(before: &Automation) -> Automation {
    Automation {
        name: "Renamed".to_owned(),
        ..before.clone()
    }
}

pub async fn a_rotation_stores_what_announces_it(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let events = announced(&scene, 10).await;
    let rotated = scene.store.rotate_signing_key(
        scene.account,
        new_key(&scene.ids, 10),
        at(99),
        events.clone(),
        audit(),
    );
    assert_eq!(rotated.await, Ok(true));
    assert!(are_stored(&scene, &events).await);
    let claimed = scene.claim(scene.actions[1], 100, at(100)).await.deliveries;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].event.origin, Origin::Operational);
}

pub async fn a_rotation_that_is_not_made_announces_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (events, key) = (announced(&scene, 10).await, new_key(&scene.ids, 11));
    let store = &scene.store;
    let nobody = new_account(&scene.ids, 12).id;
    let rotated = store.rotate_signing_key(nobody, key.clone(), at(99), events.clone(), audit());
    assert_eq!(rotated.await, Ok(false));
    assert!(!are_stored(&scene, &events).await);

    // The entry cannot be written, because its id is taken.
    let (taken, before) = (audit(), current_key(&scene).await);
    store.note_audit(vec![taken.clone()]).await.expect("note_audit");
    let rotated = store.rotate_signing_key(scene.account, key.clone(), at(99), events.clone(), taken);
    assert!(rotated.await.is_err());
    assert!(!are_stored(&scene, &events).await);
    assert_eq!(current_key(&scene).await, before);

    // Nor can an event whose id is taken; then the key stays as well.
    scene.append_new(&events[0]).await;
    let rotated = store.rotate_signing_key(scene.account, key, at(99), events.clone(), audit());
    assert!(rotated.await.is_err());
    assert_eq!(current_key(&scene).await, before);
}

pub async fn an_edit_stores_what_announces_it_if_it_is_saved(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (events, before) = (announced(&scene, 10).await, stored(&scene).await);
    let store = &scene.store;
    let stale = Automation {
        version: before.version - 1,
        ..renamed(&before)
    };
    let saved = store.update_automation(scene.account, stale, events.clone(), audit());
    assert_eq!(saved.await, Ok(SaveAutomation::Stale));
    let missing = Automation {
        id: scene.ids.automation(at(11)),
        ..renamed(&before)
    };
    let saved = store.update_automation(scene.account, missing, events.clone(), audit());
    assert_eq!(saved.await, Ok(SaveAutomation::Missing));
    let taken = audit();
    store.note_audit(vec![taken.clone()]).await.expect("note_audit");
    let saved = store.update_automation(scene.account, renamed(&before), events.clone(), taken);
    assert!(saved.await.is_err());
    assert!(!are_stored(&scene, &events).await);
    assert_eq!(stored(&scene).await, before);

    let saved = store.update_automation(scene.account, renamed(&before), events.clone(), audit());
    assert!(matches!(saved.await, Ok(SaveAutomation::Saved(_))));
    assert!(are_stored(&scene, &events).await);
}

pub async fn a_delivery_that_a_verb_announces_waits_for_a_session(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let owned = scene.event_for(10, &scene.actions[1..2], FirstAttempt::Owned);
    let events = vec![owned.clone()];
    let rotated =
        scene
            .store
            .rotate_signing_key(scene.account, new_key(&scene.ids, 10), at(99), events, audit());
    assert_eq!(rotated.await, Ok(true));
    assert!(are_stored(&scene, &[owned]).await);
}
