//! Promises of [`postrider_storage::EventStore::cancel_event`].

use std::sync::Arc;

use postrider_model::{DeliveryStatus, Event, EventId};

use super::audit::trail;
use super::build::*;
use super::scene::*;
use postrider_storage::{Appended, CanceledDelivery, EventCanceled, FirstAttempt, NewEvent, Resent, Store};

async fn cancel(scene: &Scene, id: EventId, s: i64) -> EventCanceled {
    let canceled = scene.store.cancel_event(scene.account, id, at(s), audit()).await;
    canceled.expect("cancel_event")
}

async fn read(scene: &Scene, event: &Event) -> Event {
    let read = scene.store.event(scene.account, event.id).await.expect("event");
    read.expect("the event is there")
}

async fn entries(scene: &Scene) -> usize {
    trail(&*scene.store).await.len()
}

pub async fn an_event_is_canceled_with_its_waiting_deliveries(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut new = scene.event_for(5, &scene.actions, FirstAttempt::Waiting);
    new.event.deliver_at = Some(at(100));
    let other = scene.event_for(6, &scene.actions[..1], FirstAttempt::Waiting);
    for new in [&new, &other] {
        scene.append_new(new).await;
    }
    let before = entries(&scene).await;
    let canceled = |action| CanceledDelivery {
        automation: scene.automation,
        action,
        status: DeliveryStatus::Canceled,
        resend_of: None,
        is_test: false,
    };
    let expected = scene.actions.iter().copied().map(canceled).collect();
    assert_eq!(
        cancel(&scene, new.event.id, 10).await,
        EventCanceled::Done(expected)
    );
    assert_eq!(entries(&scene).await, before + 1);
    for index in 0..3 {
        let delivery = scene.delivery(key_of(&new, index)).await;
        assert_eq!(delivery.progress.status, DeliveryStatus::Canceled);
        assert_eq!(
            (delivery.settled_at, delivery.next_attempt_at),
            (Some(at(10)), None)
        );
    }
    let is_canceled = true;
    assert_eq!(
        read(&scene, &new.event).await,
        Event {
            is_canceled,
            ..new.event.clone()
        }
    );
    assert_eq!(scene.claim(scene.actions[1], ROOM, at(200)).await.deliveries, []);
    assert_eq!(
        cancel(&scene, new.event.id, 20).await,
        EventCanceled::Done(vec![]),
        "again"
    );
    assert_eq!(entries(&scene).await, before + 1, "which changed nothing");
    assert_eq!(scene.delivery(key_of(&other, 0)).await, delivery_of(&other, 0));
    assert_eq!(read(&scene, &other.event).await, other.event);
}

pub async fn an_event_is_canceled_if_it_has_no_deliveries_or_only_canceled_ones(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let bare = scene.event(5);
    scene.append_new(&bare).await;
    assert_eq!(
        cancel(&scene, bare.event.id, 10).await,
        EventCanceled::Done(vec![])
    );
    assert!(read(&scene, &bare.event).await.is_canceled);
    let waiting = scene.waiting(6);
    scene.append_new(&waiting).await;
    let of_event = postrider_storage::DeliveryFilter {
        event: Some(waiting.event.id),
        ..Default::default()
    };
    let step = scene
        .store
        .cancel_step(scene.account, &of_event, None, at(20), None)
        .await;
    assert_eq!(step.expect("cancel_step").canceled.len(), 1);
    assert_eq!(
        cancel(&scene, waiting.event.id, 30).await,
        EventCanceled::Done(vec![])
    );
    let resent = scene.store.resend(key_of(&waiting, 0), at(40), audit()).await;
    assert_eq!(
        resent,
        Ok(Resent::Due(scene.actions[0])),
        "on request, it can still be sent"
    );
}

pub async fn an_event_that_was_or_may_be_attempted_is_not_canceled(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let owned = scene.event_for(5, &scene.actions, FirstAttempt::Owned);
    scene.append_new(&owned).await;
    let mut refused = vec![owned.event.clone()];
    for status in [DeliveryStatus::Succeeded, DeliveryStatus::Failed] {
        let mut new = scene.event_for(6, &scene.actions[..2], FirstAttempt::Owned);
        new.deliveries[1].first_attempt = FirstAttempt::Waiting;
        scene.append_new(&new).await;
        scene.settle(key_of(&new, 0), scene.actions[0], 7, status).await;
        refused.push(new.event);
    }
    let before = entries(&scene).await;
    for event in &refused {
        assert_eq!(cancel(&scene, event.id, 10).await, EventCanceled::Attempted);
        assert_eq!(&read(&scene, event).await, event, "nothing was changed");
    }
    assert_eq!(scene.delivery(key_of(&owned, 0)).await, delivery_of(&owned, 0));
    assert_eq!(entries(&scene).await, before);
}

pub async fn an_event_of_another_account_or_of_none_is_not_canceled(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let new = scene.waiting(5);
    scene.append_new(&new).await;
    let (other, _) = scene.another_account(6).await;
    let canceled = scene
        .store
        .cancel_event(other, new.event.id, at(10), audit())
        .await;
    assert_eq!(canceled, Ok(EventCanceled::Missing));
    assert_eq!(
        cancel(&scene, scene.ids.event(at(7)), 10).await,
        EventCanceled::Missing
    );
    assert_eq!(read(&scene, &new.event).await, new.event);
}

pub async fn a_canceled_event_is_still_known_by_its_id_and_its_key(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut new = scene.waiting(5);
    new.id_is_callers = true;
    new.idempotency_key = Some("key".to_owned());
    scene.append_new(&new).await;
    assert!(matches!(
        cancel(&scene, new.event.id, 10).await,
        EventCanceled::Done(_)
    ));
    let again = NewEvent {
        event: Event {
            created_at: at(20),
            ..new.event.clone()
        },
        ..scene.with_deliveries(new.clone(), scene.automation, &scene.actions, FirstAttempt::Owned)
    };
    let known = Event {
        is_canceled: true,
        ..new.event.clone()
    };
    assert_eq!(scene.append(vec![again]).await, [Appended::known(known)]);
}
