//! Promises of [`postrider_storage::WorkStore::advance`] about ids and idempotency keys that were used
//! before.

use std::sync::Arc;

use bytes::Bytes;
use postrider_model::EventHeaders;

use super::build::*;
use super::scene::*;
use postrider_storage::{Appended, EventFilter, NewEvent, PageRequest, Store};

/// An event with one waiting delivery and an id that the producer chose.
fn callers(scene: &Scene, s: i64) -> NewEvent {
    NewEvent {
        id_is_callers: true,
        ..scene.waiting(s)
    }
}

/// An event with one waiting delivery and an idempotency key.
fn keyed(scene: &Scene, s: i64, key: &str) -> NewEvent {
    NewEvent {
        idempotency_key: Some(key.to_owned()),
        ..scene.waiting(s)
    }
}

/// The producer's retry at `s`: the same event, with a new generated id unless the producer chose one, and
/// with other deliveries, because automations may have changed meanwhile.
fn again(scene: &Scene, first: &NewEvent, s: i64) -> NewEvent {
    let mut again = scene.event_for(s, &scene.actions, postrider_storage::FirstAttempt::Waiting);
    again.idempotency_key.clone_from(&first.idempotency_key);
    again.id_is_callers = first.id_is_callers;
    again.event.data.clone_from(&first.event.data);
    again.event.event_type = first.event.event_type.clone();
    again.event.occurred_at = first.event.occurred_at;
    if first.id_is_callers {
        again.event.id = first.event.id;
    }
    again
}

/// Asks what is known of the event, appends it, and checks that both agree.
async fn append_one(scene: &Scene, event: NewEvent) -> Appended {
    let known = scene.store.known_events(vec![event.clone()]).await;
    let mut answers = scene.append(vec![event]).await;
    assert_eq!(answers.len(), 1);
    let answer = answers.remove(0);
    let expected = (answer != Appended::Stored).then(|| answer.clone());
    assert_eq!(known, Ok(vec![expected]));
    answer
}

/// The numbers of events and deliveries of the scene's account.
async fn counts(scene: &Scene) -> (usize, usize) {
    let page = PageRequest {
        limit: 250,
        after: None,
    };
    let events = scene
        .store
        .events(scene.account, &EventFilter::default(), page)
        .await;
    let deliveries = scene
        .store
        .deliveries(scene.account, &postrider_storage::DeliveryFilter::default(), page)
        .await;
    (
        events.expect("events").items.len(),
        deliveries.expect("deliveries").items.len(),
    )
}

/// Variations of an event that each differ in one respect.
fn variations(event: &NewEvent) -> Vec<(&'static str, NewEvent)> {
    let vary = |what, change: fn(&mut NewEvent)| {
        let mut varied = event.clone();
        change(&mut varied);
        (what, varied)
    };
    vec![
        vary("data", |new| new.event.data = Bytes::from_static(b"{}")),
        vary("type", |new| {
            new.event.event_type = event_type("proposal.declined");
        }),
        vary("case of the type", |new| {
            new.event.event_type = event_type("Proposal.accepted");
        }),
        vary("occurred_at", |new| {
            new.event.occurred_at = match new.event.occurred_at {
                None => Some(new.event.created_at),
                Some(_) => None,
            };
        }),
        vary("occurred_at by a millisecond", |new| {
            let before = new.event.occurred_at.unwrap_or(new.event.created_at);
            new.event.occurred_at = Some(before.after(std::time::Duration::from_millis(1)));
        }),
        vary("deliver_at", |new| new.event.deliver_at = Some(at(900))),
        vary("headers", |new| {
            new.event.headers = EventHeaders::new(vec![("X-Tenant".to_owned(), "1".to_owned())]);
        }),
    ]
}

pub async fn an_event_whose_data_is_spelled_anew_is_the_same(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut first = keyed(&scene, 1, "key");
    first.event.data = Bytes::from_static(br#"{"a":1.50,"b":["x"]}"#);
    scene.append_new(&first).await;
    let mut spelled = again(&scene, &first, 9);
    spelled.event.data = Bytes::from_static(b"{ \"b\": [\"\\u0078\"],\n\"a\": 1.5 }");
    let answer = append_one(&scene, spelled.clone()).await;
    assert_eq!(answer, Appended::known(first.event.clone()));
    spelled.event.data = Bytes::from_static(br#"{"a":1.51,"b":["x"]}"#);
    assert_eq!(append_one(&scene, spelled).await, Appended::Conflict);
}

pub async fn the_same_id_and_event_again_is_known(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut first = callers(&scene, 1);
    first.event.occurred_at = Some(at(-60));
    scene.append_new(&first).await;
    let answer = append_one(&scene, again(&scene, &first, 9)).await;
    assert_eq!(answer, Appended::known(first.event.clone()));
    assert_eq!(counts(&scene).await, (1, 1), "nothing was written");
}

pub async fn the_same_id_with_another_event_is_a_conflict(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for (s, occurred_at) in [(1, None), (2, Some(at(-60)))] {
        let mut first = callers(&scene, s);
        first.event.occurred_at = occurred_at;
        scene.append_new(&first).await;
        for (what, other) in variations(&again(&scene, &first, 9)) {
            assert_eq!(
                append_one(&scene, other).await,
                Appended::Conflict,
                "another {what}"
            );
        }
    }
    assert_eq!(counts(&scene).await, (2, 2), "nothing was written");
}

pub async fn the_same_key_and_event_again_is_known(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let longest = "k".repeat(255);
    for (s, key) in (0..).zip(["a", "A", "'; \"\\ %", &longest]) {
        let first = keyed(&scene, s, key);
        scene.append_new(&first).await;
        let second = again(&scene, &first, s + 100);
        assert_ne!(second.event.id, first.event.id);
        assert_eq!(
            append_one(&scene, second).await,
            Appended::known(first.event.clone())
        );
    }
    assert_eq!(counts(&scene).await, (4, 4));
}

pub async fn the_same_key_with_another_event_is_a_conflict(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = keyed(&scene, 1, "key");
    scene.append_new(&first).await;
    for (what, other) in variations(&again(&scene, &first, 9)) {
        assert_eq!(
            append_one(&scene, other).await,
            Appended::Conflict,
            "another {what}"
        );
    }
    assert_eq!(counts(&scene).await, (1, 1), "nothing was written");
}

pub async fn the_same_key_with_another_id_of_the_producers_is_a_conflict(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut first = callers(&scene, 1);
    first.idempotency_key = Some("both".to_owned());
    scene.append_new(&first).await;
    let mut other = again(&scene, &first, 9);
    other.event.id = scene.ids.event(at(9));
    assert_eq!(append_one(&scene, other.clone()).await, Appended::Conflict);
    assert_eq!(scene.store.event(scene.account, other.event.id).await, Ok(None));

    let keyed = keyed(&scene, 2, "of our own id");
    scene.append_new(&keyed).await;
    let mut other = again(&scene, &keyed, 9);
    other.id_is_callers = true;
    assert_eq!(append_one(&scene, other.clone()).await, Appended::Conflict);
    other.event.id = keyed.event.id;
    assert_eq!(append_one(&scene, other).await, Appended::known(keyed.event));
}

pub async fn a_key_and_an_id_of_two_events_is_a_conflict(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let by_id = callers(&scene, 1);
    let mut by_key = keyed(&scene, 2, "key");
    by_key.event.data.clone_from(&by_id.event.data);
    scene.append_new(&by_id).await;
    scene.append_new(&by_key).await;
    let mut both = again(&scene, &by_id, 9);
    both.idempotency_key = Some("key".to_owned());
    assert_eq!(append_one(&scene, both).await, Appended::Conflict);
    assert_eq!(counts(&scene).await, (2, 2));
}

pub async fn a_known_event_takes_no_further_key(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = callers(&scene, 1);
    scene.append_new(&first).await;
    let mut second = again(&scene, &first, 9);
    second.idempotency_key = Some("late".to_owned());
    assert_eq!(append_one(&scene, second).await, Appended::known(first.event));
    let unrelated = keyed(&scene, 3, "late");
    assert_eq!(
        append_one(&scene, unrelated).await,
        Appended::Stored,
        "nothing had been written"
    );
}

pub async fn what_is_refused_or_known_adds_no_type_to_the_catalogue(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = callers(&scene, 1);
    scene.append_new(&first).await;
    let mut other = again(&scene, &first, 9);
    other.event.event_type = event_type("only.in.a.conflict");
    assert_eq!(append_one(&scene, other).await, Appended::Conflict);
    let entry = scene.store.event_type(&event_type("only.in.a.conflict")).await;
    assert_eq!(entry, Ok(None));
}

pub async fn items_of_one_call_are_treated_as_if_one_came_after_the_other(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let by_id = callers(&scene, 1);
    let by_key = keyed(&scene, 2, "key");
    let mut id_conflict = again(&scene, &by_id, 3);
    id_conflict.event.data = Bytes::from_static(b"1");
    let mut key_conflict = again(&scene, &by_key, 4);
    key_conflict.event.data = Bytes::from_static(b"2");
    let mut refused_key = id_conflict.clone();
    refused_key.idempotency_key = Some("refused".to_owned());
    let answers = scene
        .append(vec![
            by_id.clone(),
            again(&scene, &by_id, 5),
            id_conflict,
            by_key.clone(),
            again(&scene, &by_key, 6),
            key_conflict,
            refused_key,
            keyed(&scene, 7, "refused"),
        ])
        .await;
    let expected = [
        Appended::Stored,
        Appended::known(by_id.event),
        Appended::Conflict,
        Appended::Stored,
        Appended::known(by_key.event),
        Appended::Conflict,
        Appended::Conflict,
        Appended::Stored,
    ];
    assert_eq!(answers, expected);
    assert_eq!(counts(&scene).await, (3, 3));
}

pub async fn what_is_known_is_found_without_storing_the_rest(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (by_id, by_key) = (callers(&scene, 1), keyed(&scene, 2, "key"));
    scene.append_new(&by_id).await;
    scene.append_new(&by_key).await;
    let mut conflict = again(&scene, &by_key, 5);
    conflict.event.data = Bytes::from_static(b"2");
    let new = keyed(&scene, 6, "new");
    let asked = vec![
        scene.waiting(4),
        again(&scene, &by_id, 5),
        conflict,
        new.clone(),
        new.clone(),
        callers(&scene, 7),
        again(&scene, &by_key, 8),
    ];
    let known = scene.store.known_events(asked).await;
    let expected = vec![
        None,
        Some(Appended::known(by_id.event)),
        Some(Appended::Conflict),
        None,
        None,
        None,
        Some(Appended::known(by_key.event)),
    ];
    assert_eq!(known, Ok(expected));
    assert_eq!(scene.store.known_events(Vec::new()).await, Ok(Vec::new()));
    assert_eq!(counts(&scene).await, (2, 2), "nothing was written");
    assert_eq!(append_one(&scene, new).await, Appended::Stored);
}

pub async fn ids_and_keys_are_each_accounts_own(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, automation) = scene.another_account(0).await;
    let mut first = callers(&scene, 1);
    first.idempotency_key = Some("key".to_owned());
    scene.append_new(&first).await;
    let mut elsewhere = scene.event(2);
    elsewhere.event.id = first.event.id;
    elsewhere.event.account = other;
    elsewhere.id_is_callers = true;
    elsewhere.idempotency_key = Some("key".to_owned());
    let actions = [automation.actions[0].id];
    let elsewhere = scene.with_deliveries(
        elsewhere,
        automation.id,
        &actions,
        postrider_storage::FirstAttempt::Waiting,
    );
    scene.append_new(&elsewhere).await;
    for event in [&first, &elsewhere] {
        let read = scene.store.event(event.event.account, event.event.id).await;
        assert_eq!(read, Ok(Some(event.event.clone())));
        let action = event.deliveries[0].action;
        let claim = scene.claim(action, ROOM, at(10)).await;
        assert_eq!(claim.deliveries.len(), 1);
        assert_eq!(*claim.deliveries[0].event, event.event);
    }
}

pub async fn a_later_session_knows_ids_and_keys_of_earlier_ones(store: Arc<dyn Store>) {
    let mut scene = Scene::new(store).await;
    let (by_id, by_key) = (callers(&scene, 1), keyed(&scene, 2, "key"));
    scene.append_new(&by_id).await;
    scene.append_new(&by_key).await;
    scene
        .store
        .close_session(scene.session, at(3))
        .await
        .expect("close_session");
    scene.session = open_session(&*scene.store).await;
    let answers = scene
        .append(vec![again(&scene, &by_id, 5), again(&scene, &by_key, 6)])
        .await;
    let expected = [Appended::known(by_id.event), Appended::known(by_key.event)];
    assert_eq!(answers, expected);
}
