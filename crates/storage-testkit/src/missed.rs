//! Promises of [`postrider_storage::MissedStore`]; those about its bounds are in [`super::missed_bounds`].

use std::sync::Arc;

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, Delivery, DeliveryStatus, EventId, Origin};

use super::audit::trail;
use super::build::*;
use super::concurrency::race;
use super::lists::all_pages;
use super::scene::*;
use postrider_storage::{
    Appended, DeliveryFilter, FirstAttempt, MissedBounds, MissedDelivery, MissedEvent, MissedFilter,
    NewEvent, NewMissed, Store,
};

/// Without a bound that a test could reach, and without data.
pub(super) const ALL: MissedBounds = MissedBounds {
    events: 1_000,
    data_bytes: None,
};

pub(super) fn filter(actions: &[ActionId]) -> MissedFilter {
    MissedFilter {
        actions: actions.to_vec(),
        patterns: vec!["proposal.*".parse().expect("a pattern")],
        event_type: None,
        after: at(10),
        before: at(100),
    }
}

/// All that the steps return, and how many steps there were.
pub(super) async fn found(
    scene: &Scene,
    filter: &MissedFilter,
    bounds: MissedBounds,
) -> (Vec<MissedEvent>, usize) {
    let (mut events, mut after) = (Vec::new(), None);
    for steps in 1..1_000 {
        let step = scene
            .store
            .missed_step(scene.account, filter, bounds, after)
            .await;
        let step = step.expect("missed_step");
        assert!(step.events.len() <= bounds.events);
        events.extend(step.events);
        after = step.next;
        if after.is_none() {
            return (events, steps);
        }
    }
    panic!("looking has no end");
}

pub(super) fn ids(events: &[MissedEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

/// Deliveries of the scene's automation to add to an event.
pub(super) fn new_missed(scene: &Scene, event: &NewEvent, actions: &[ActionId]) -> NewMissed {
    let delivery = |action: &ActionId| MissedDelivery {
        automation: scene.automation,
        action: *action,
        body: BODY,
    };
    NewMissed {
        event: event.event.id,
        created_at: event.event.created_at,
        deliveries: actions.iter().map(delivery).collect(),
    }
}

pub(super) async fn add(scene: &Scene, events: Vec<NewMissed>, s: i64) -> usize {
    let added = scene
        .store
        .add_missed(scene.account, events, at(s), Some(audit()))
        .await;
    added.expect("add_missed")
}

async fn deliveries(scene: &Scene, filter: DeliveryFilter) -> Vec<Delivery> {
    all_pages(7, |page| scene.store.deliveries(scene.account, &filter, page)).await
}

pub async fn events_that_lack_a_delivery_for_an_action_are_found(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (one, two) = (scene.actions[0], scene.actions[1]);
    let has_one = scene.event_for(20, &[one], FirstAttempt::Waiting);
    let has_both = scene.event_for(30, &[two, one], FirstAttempt::Owned);
    let has_none = scene.event(40);
    let mut of_another_type = scene.event(41);
    of_another_type.event.event_type = event_type("order.paid");
    let mut a_test = scene.event(42);
    a_test.event.origin = Origin::Test;
    let mut operational = scene.event(43);
    operational.event.origin = Origin::Operational;
    let mut canceled = scene.event(44);
    canceled.event.is_canceled = true;
    let mut declined = scene.event(50);
    declined.event.event_type = event_type("proposal.declined");
    let (first, past) = (scene.event(10), scene.event(100));
    let before = scene.event(9);
    let all = [
        &before,
        &first,
        &has_one,
        &has_both,
        &has_none,
        &of_another_type,
        &a_test,
        &operational,
        &canceled,
        &declined,
        &past,
    ];
    scene.append(all.into_iter().cloned().collect()).await;
    let (events, steps) = found(&scene, &filter(&[one, two]), ALL).await;
    let expected = [
        (&declined, vec![one, two]),
        (&has_none, vec![one, two]),
        (&has_one, vec![two]),
        (&first, vec![one, two]),
    ];
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.id, event.lacking.clone()))
        .collect();
    assert_eq!(seen, expected.map(|(new, lacking)| (new.event.id, lacking)));
    assert_eq!(steps, 1);
    let last = &events[0];
    assert_eq!(
        (last.created_at, last.event_type.as_str()),
        (at(50), "proposal.declined")
    );
    assert!(events.iter().all(|event| event.data.is_empty()), "not asked for");
    let (for_one, _) = found(&scene, &filter(&[one]), ALL).await;
    assert_eq!(
        ids(&for_one),
        [declined.event.id, has_none.event.id, first.event.id]
    );
    let of_type = MissedFilter {
        event_type: Some(event_type("proposal.declined")),
        ..filter(&[one])
    };
    assert_eq!(ids(&found(&scene, &of_type, ALL).await.0), [declined.event.id]);
    let none = MissedFilter {
        patterns: vec!["order.paid".parse().expect("a pattern")],
        ..of_type
    };
    assert_eq!(found(&scene, &none, ALL).await.0, []);
    let (account, _) = scene.another_account(5).await;
    let of_other = scene.store.missed_step(account, &filter(&[one]), ALL, None).await;
    assert_eq!(of_other.expect("missed_step").events, []);
}

pub async fn an_added_delivery_is_one_of_its_event_and_waits(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (one, two) = (scene.actions[0], scene.actions[1]);
    let has_one = scene.event_for(20, &[one], FirstAttempt::Waiting);
    let has_none = scene.event(30);
    for new in [&has_one, &has_none] {
        scene.append_new(new).await;
    }
    let new = vec![
        new_missed(&scene, &has_one, &[two]),
        new_missed(&scene, &has_none, &[one, two]),
    ];
    assert_eq!(add(&scene, new, 70).await, 2);
    for (event, missed, actions) in [(&has_one, 1, vec![two, one]), (&has_none, 2, vec![two, one])] {
        let read = scene
            .store
            .event(scene.account, event.event.id)
            .await
            .expect("event");
        let read = read.expect("the event");
        assert_eq!((read.deliveries, read.missed), (event.event.deliveries, missed));
        let of_event = DeliveryFilter {
            event: Some(event.event.id),
            ..DeliveryFilter::default()
        };
        let listed = deliveries(&scene, of_event).await;
        assert_eq!(listed.iter().map(|it| it.action).collect::<Vec<_>>(), actions);
        let added = &listed[0];
        assert_eq!(added.progress, Progress::new());
        assert_eq!(
            (added.created_at, added.next_attempt_at),
            (event.event.created_at, Some(at(70)))
        );
        assert_eq!((added.automation, added.body), (scene.automation, BODY));
        let ids: Vec<u128> = listed.iter().map(|it| it.id.as_u128()).collect();
        assert_eq!(ids[0], ids[1] + 1, "consecutive");
    }
    let all = deliveries(&scene, DeliveryFilter::default()).await;
    assert_eq!(all.len(), 4);
    let pending = DeliveryFilter {
        status: Some(DeliveryStatus::Pending),
        ..DeliveryFilter::default()
    };
    assert_eq!(deliveries(&scene, pending).await.len(), 4);
    assert_eq!(scene.claim(two, ROOM, at(69)).await.deliveries, []);
    let claim = scene.claim(two, ROOM, at(70)).await;
    assert_eq!(claim.deliveries.len(), 2);
    assert!(
        claim
            .deliveries
            .iter()
            .all(|it| it.event.missed > 0 && it.progress == Progress::new())
    );
    assert_eq!(
        found(&scene, &filter(&[one, two]), ALL).await.0,
        [],
        "nothing is missed any more"
    );
}

pub async fn an_action_gets_one_delivery_of_an_event_whoever_adds_it(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let (one, two) = (scene.actions[0], scene.actions[1]);
    let has_one = scene.event_for(20, &[one], FirstAttempt::Owned);
    let has_none = scene.event(30);
    for new in [&has_one, &has_none] {
        scene.append_new(new).await;
    }
    let new = vec![
        new_missed(&scene, &has_none, &[two, one]),
        new_missed(&scene, &has_one, &[one, two]),
    ];
    let added = race(|n| {
        let (scene, new) = (Arc::clone(&scene), new.clone());
        async move { add(&scene, new, 70 + n).await }
    })
    .await;
    assert_eq!(added.iter().sum::<usize>(), 2, "each event once: {added:?}");
    let mut pairs: Vec<_> = deliveries(&scene, DeliveryFilter::default()).await;
    pairs.sort_by_key(|it| (it.event, it.action));
    let pairs: Vec<_> = pairs.iter().map(|it| (it.event, it.action)).collect();
    let mut expected = vec![
        (has_one.event.id, one),
        (has_one.event.id, two),
        (has_none.event.id, one),
        (has_none.event.id, two),
    ];
    expected.sort_unstable();
    assert_eq!(pairs, expected);
    let entries = trail(&*scene.store).await;
    let before = entries.len();
    assert_eq!(add(&scene, new, 90).await, 0);
    let entries = trail(&*scene.store).await;
    assert_eq!(entries.len(), before, "nothing added, nothing noted");
}

pub async fn nothing_is_added_to_an_event_that_is_gone_canceled_or_a_test(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let gone = scene.event(20);
    let mut canceled = scene.event(30);
    canceled.event.is_canceled = true;
    let mut a_test = scene.event(40);
    a_test.event.origin = Origin::Test;
    let kept = scene.event(50);
    for new in [&canceled, &a_test, &kept] {
        scene.append_new(new).await;
    }
    let all = [&gone, &canceled, &a_test, &kept];
    let new = all.map(|event| new_missed(&scene, event, &scene.actions));
    assert_eq!(add(&scene, new.to_vec(), 70).await, 1);
    let listed = deliveries(&scene, DeliveryFilter::default()).await;
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|delivery| delivery.event == kept.event.id));
}

pub async fn an_added_delivery_waits_for_the_time_of_its_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    for (s, deliver_at, due) in [(20, at(500), at(500)), (30, at(60), at(70))] {
        let mut new = scene.event(s);
        new.event.deliver_at = Some(deliver_at);
        scene.append_new(&new).await;
        assert_eq!(
            add(&scene, vec![new_missed(&scene, &new, &[action])], 70).await,
            1
        );
        let of_event = DeliveryFilter {
            event: Some(new.event.id),
            ..DeliveryFilter::default()
        };
        assert_eq!(deliveries(&scene, of_event).await[0].next_attempt_at, Some(due));
    }
}

pub async fn an_event_and_what_was_added_to_it_are_pruned_together(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let (empty, settled) = (
        scene.event(20),
        scene.event_for(21, &scene.actions[1..2], FirstAttempt::Owned),
    );
    for new in [&empty, &settled] {
        scene.append_new(new).await;
    }
    scene
        .settle(
            key_of(&settled, 0),
            scene.actions[1],
            22,
            DeliveryStatus::Succeeded,
        )
        .await;
    let new = [&empty, &settled].map(|event| new_missed(&scene, event, &[action]));
    assert_eq!(add(&scene, new.to_vec(), 70).await, 2);
    let prune = async |before_s| {
        let (mut events, mut removed) = (0, 0);
        for _ in 0..100 {
            let pruned = scene.store.prune(at(before_s), 100).await.expect("prune");
            (events, removed) = (events + pruned.events, removed + pruned.deliveries);
            if !pruned.more {
                break;
            }
        }
        (events, removed)
    };
    assert_eq!(prune(60).await, (0, 0), "they wait");
    let claim = scene.claim(action, ROOM, at(70)).await;
    for ready in &claim.deliveries {
        scene
            .settle(ready.key, action, 71, DeliveryStatus::Succeeded)
            .await;
    }
    assert_eq!(prune(71).await, (0, 0), "they were settled later");
    assert_eq!(prune(1_000).await, (2, 3));
    assert_eq!(deliveries(&scene, DeliveryFilter::default()).await, []);
}

pub async fn what_was_added_leaves_the_answer_to_a_repeated_event_as_it_was(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut new = scene.event_for(20, &scene.actions[..1], FirstAttempt::Owned);
    new.idempotency_key = Some("key".to_owned());
    scene.append_new(&new).await;
    let added = add(&scene, vec![new_missed(&scene, &new, &scene.actions)], 70).await;
    assert_eq!(added, 1);
    let again = NewEvent {
        event: postrider_model::Event {
            id: scene.ids.event(at(80)),
            ..new.event.clone()
        },
        ..scene.with_deliveries(new.clone(), scene.automation, &scene.actions, FirstAttempt::Owned)
    };
    let answer = scene.append(vec![again]).await.remove(0);
    let Appended::Known(known) = answer else {
        panic!("not known: {answer:?}");
    };
    assert_eq!((known.id, known.deliveries, known.missed), (new.event.id, 1, 2));
}
