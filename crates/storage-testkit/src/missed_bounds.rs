//! Promises about the bounds of [`postrider_storage::MissedStore`].

use std::sync::Arc;

use bytes::Bytes;

use super::build::*;
use super::missed::{ALL, add, filter, found, ids, new_missed};
use super::scene::*;
use postrider_storage::rules::missed::DELIVERIES_MAX;
use postrider_storage::{FirstAttempt, MissedBounds, Store};

pub async fn missed_events_come_once_each_whatever_the_bounds(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let mut expected = Vec::new();
    for n in 0..40_i64 {
        let mut new = match n % 3 {
            0 => scene.event_for(11 + n / 4, &[action], FirstAttempt::Waiting),
            _ => scene.event(11 + n / 4),
        };
        new.event.data = Bytes::from(format!("\"{}\"", "x".repeat(100)));
        scene.append_new(&new).await;
        if n % 3 != 0 {
            expected.insert(0, new.event.id);
        }
    }
    for (events, data_bytes) in [
        (1, None),
        (2, Some(1)),
        (7, Some(1_000)),
        (7, None),
        (1_000, Some(250)),
    ] {
        let bounds = MissedBounds { events, data_bytes };
        let (seen, _) = found(&scene, &filter(&[action]), bounds).await;
        assert_eq!(ids(&seen), expected, "{bounds:?}");
        let length = if data_bytes.is_some() { 102 } else { 0 };
        assert!(seen.iter().all(|event| event.data.len() == length), "{bounds:?}");
    }
    let bounds = MissedBounds {
        events: 1_000,
        data_bytes: Some(250),
    };
    let step = scene
        .store
        .missed_step(scene.account, &filter(&[action]), bounds, None)
        .await;
    assert_eq!(
        step.expect("missed_step").events.len(),
        2,
        "a third one does not fit"
    );
}

pub async fn an_event_with_as_many_deliveries_as_it_can_have_is_missed_by_no_action(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let actions: Vec<_> = (0..DELIVERIES_MAX).map(|_| scene.ids.action(at(0))).collect();
    let (accepted, added) = actions.split_at(DELIVERIES_MAX / 2);
    let new = scene.event_for(20, accepted, FirstAttempt::Waiting);
    scene.append_new(&new).await;
    let another = scene.actions[0];
    assert_eq!(found(&scene, &filter(&[another]), ALL).await.0.len(), 1);
    assert_eq!(add(&scene, vec![new_missed(&scene, &new, added)], 70).await, 1);
    assert_eq!(found(&scene, &filter(&[another]), ALL).await.0, []);
    let one_more = new_missed(&scene, &new, &[another]);
    assert_eq!(add(&scene, vec![one_more], 70).await, 0);
}

/// A store reads at most about 20,000 rows in one step, and an event's deliveries are rows as well.
pub async fn a_step_of_looking_is_bounded_in_deliveries_too(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let of_others: Vec<_> = (0..DELIVERIES_MAX / 2).map(|_| scene.ids.action(at(0))).collect();
    let has = [&of_others[1..], &scene.actions[..1]].concat();
    let oldest = scene.event(11);
    scene.append_new(&oldest).await;
    for s in 20..65 {
        scene
            .append_new(&scene.event_for(s, &has, FirstAttempt::Waiting))
            .await;
    }
    let filter = filter(&scene.actions[..1]);
    let step = scene.store.missed_step(scene.account, &filter, ALL, None).await;
    let step = step.expect("missed_step");
    assert!(
        step.events.is_empty() && step.next.is_some(),
        "46 events with 22,500 deliveries in one step"
    );
    let (events, steps) = found(&scene, &filter, ALL).await;
    assert_eq!((ids(&events), steps), (vec![oldest.event.id], 2));
}
