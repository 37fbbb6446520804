//! Promises about events with a time of delivery ([`postrider_model::Event::deliver_at`]) and headers.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{Event, EventHeaders, Outcome, Timestamp, TraceContext};

use super::build::*;
use super::scene::*;
use postrider_storage::{FirstAttempt, NewEvent, Recorded, Store};

/// An event with a waiting delivery for the first action, accepted `s` seconds after the base.
fn later(scene: &Scene, s: i64, deliver_at: Timestamp) -> NewEvent {
    let mut new = scene.event_for(s, &scene.actions[..1], FirstAttempt::Waiting);
    new.event.deliver_at = Some(deliver_at);
    new
}

async fn read(scene: &Scene, event: &Event) -> Option<Event> {
    scene.store.event(event.account, event.id).await.expect("event")
}

pub async fn an_event_to_deliver_later_waits_until_its_time(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let new = later(&scene, 5, at(100).after(Duration::from_millis(7)));
    scene.append_new(&new).await;
    let key = key_of(&new, 0);
    let delivery = scene.delivery(key).await;
    assert_eq!(delivery, delivery_of(&new, 0));
    assert_eq!(delivery.next_attempt_at, new.event.deliver_at);
    assert_eq!(delivery.created_at, at(5));
    let early = scene.claim(scene.actions[0], ROOM, at(100)).await;
    assert!(early.deliveries.is_empty());
    assert_eq!(early.next_due, new.event.deliver_at);
    let lanes = scene.store.waiting_lanes(at(6), None, ROOM).await.expect("lanes");
    assert_eq!(
        lanes.iter().map(|lane| lane.next_due).collect::<Vec<_>>(),
        [at(100).after(Duration::from_millis(7))]
    );
    let claim = scene.claim(scene.actions[0], ROOM, at(101)).await;
    assert_eq!(claim.deliveries[0].key, key);
    assert_eq!(*claim.deliveries[0].event, new.event);
}

pub async fn a_time_before_the_acceptance_means_at_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for (s, first_attempt) in [(10, FirstAttempt::Waiting), (20, FirstAttempt::Owned)] {
        let mut new = later(&scene, s, at(-100));
        new.deliveries[0].first_attempt = first_attempt;
        scene.append_new(&new).await;
        let delivery = scene.delivery(key_of(&new, 0)).await;
        assert_eq!(delivery, delivery_of(&new, 0), "{first_attempt:?}");
        assert_eq!(read(&scene, &new.event).await, Some(new.event));
    }
    let claim = scene.claim(scene.actions[0], ROOM, at(10)).await;
    assert_eq!(claim.deliveries.len(), 1, "the one that waits is due at once");
}

pub async fn a_time_headers_and_a_trace_read_back_as_they_were_appended(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let lists = [
        vec![],
        vec![header("X-Tenant", "42")],
        vec![
            header("x-b", ""),
            header("X-A", "a \t\"\\ ~"),
            header("Authorization", "Bearer x"),
        ],
    ];
    let trace = TraceContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let mut s = 0;
    for headers in lists {
        for deliver_at in [None, Some(at(-5)), Some(Timestamp::from_unix_ms(0)), Some(at(s))] {
            let mut new = scene.event_for(s, &scene.actions[..1], FirstAttempt::Waiting);
            new.event.deliver_at = deliver_at;
            new.event.headers = EventHeaders::new(headers.clone());
            new.event.trace = if s % 2 == 0 { trace } else { None };
            scene.append_new(&new).await;
            assert_eq!(read(&scene, &new.event).await.as_ref(), Some(&new.event));
            let claim = scene.claim(scene.actions[0], ROOM, at(s)).await;
            assert_eq!(*claim.deliveries[0].event, new.event);
            s += 1;
        }
    }
}

pub async fn due_times_ahead_say_what_the_event_asks_for_until_its_first_attempt(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let new = later(&scene, 5, at(100));
    scene.append_new(&new).await;
    let ahead = async || {
        let found = scene
            .store
            .due_ahead(at(50), None, ROOM)
            .await
            .expect("due_ahead");
        found
            .iter()
            .map(|one| (one.due, one.deliver_at))
            .collect::<Vec<_>>()
    };
    assert_eq!(ahead().await, [(at(100), Some(at(100)))]);
    let claim = scene.claim(scene.actions[0], ROOM, at(100)).await;
    let ready = &claim.deliveries[0];
    let failed = attempted(ready.key, ready.action, &ready.progress, 100, Outcome::BadStatus);
    assert_eq!(scene.finish(failed).await, Recorded::Applied);
    assert_eq!(ahead().await, [(at(110).after(ATTEMPT_DURATION), None)]);
}

pub async fn an_event_that_waits_for_its_time_outlives_the_retention(store: Arc<dyn Store>) {
    const DAY_S: i64 = 86_400;
    let scene = Scene::new(store).await;
    let waits = later(&scene, 0, at(29 * DAY_S));
    scene.append_new(&waits).await;
    let bare = scene.event(1);
    scene.append_new(&bare).await;
    for _ in 0..100 {
        if !scene.store.prune(at(20 * DAY_S), 100).await.expect("prune").more {
            break;
        }
    }
    assert_eq!(read(&scene, &bare.event).await, None);
    assert_eq!(read(&scene, &waits.event).await.as_ref(), Some(&waits.event));
    let claim = scene.claim(scene.actions[0], ROOM, at(29 * DAY_S)).await;
    assert_eq!(*claim.deliveries[0].event, waits.event);
}
