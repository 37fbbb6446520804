//! Promises of [`postrider_storage::WorkStore::advance`] about events: they read back as stored. Promises
//! about ids and keys used before are in [`super::repeats`].

use std::sync::Arc;

use bytes::Bytes;
use postrider_model::delivery::BodySpec;
use postrider_model::{
    BodyContent, BodyStyle, DeliveryStatus, Event, EventType, FixedPoints, Origin, Warning,
};

use super::build::*;
use super::scene::*;
use postrider_storage::{Appended, DeleteObject, FirstAttempt, PutIf, Recorded, SaveEventType, Store};

async fn read(scene: &Scene, event: &Event) -> Option<Event> {
    scene.store.event(event.account, event.id).await.expect("event")
}

pub async fn an_event_and_its_deliveries_read_back_as_they_were_appended(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut event = scene.event_for(5, &scene.actions, FirstAttempt::Owned);
    event.deliveries[1].first_attempt = FirstAttempt::Waiting;
    scene.append_new(&event).await;
    assert_eq!(read(&scene, &event.event).await.as_ref(), Some(&event.event));
    for index in 0..3 {
        let key = key_of(&event, index);
        assert_eq!(scene.delivery(key).await, delivery_of(&event, index));
        assert_eq!(scene.attempts(key).await, []);
    }
}

pub async fn an_event_that_triggers_nothing_is_kept(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.event(5);
    scene.append_new(&event).await;
    assert_eq!(read(&scene, &event.event).await, Some(event.event));
}

pub async fn data_reads_back_byte_for_byte(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let large = format!("\"{}\"", "é\u{2028}x".repeat(256 * 1024 / 6));
    let data = [
        "null",
        "0",
        "\"\"",
        "{}",
        r#"{"b":1.0e+05,"a":-0,"a":10000000000000000000001, "b" :[ ]}"#,
        r#""\u0000\ud800\u00e9\/""#,
        "\"\u{1}\u{7f}\u{85}\u{a0}\u{301}\u{200d}\u{2028}\u{feff}\u{e000}\u{fffd}\u{fffe}\u{1f468}\u{10ffff}\"",
        "'; -- %s $1 ?1 \\x00 \\",
        &large,
    ];
    for (s, data) in (0..).zip(data) {
        let mut event = scene.waiting(s);
        event.event.data = Bytes::copy_from_slice(data.as_bytes());
        scene.append_new(&event).await;
        let read = read(&scene, &event.event).await.expect("the event");
        assert!(
            read == event.event,
            "{:.80} reads back as {:.80?}",
            data,
            read.data
        );
        let claim = scene.claim(scene.actions[0], ROOM, at(s)).await;
        assert_eq!(claim.deliveries.len(), 1);
        assert!(*claim.deliveries[0].event == event.event, "{data:.80} is claimed");
    }
}

pub async fn what_is_known_of_an_event_survives(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let warning = |code: &str, pointer: &str| {
        Some(Warning {
            code: code.to_owned(),
            pointer: pointer.to_owned(),
        })
    };
    let warnings = [
        None,
        warning("duplicate_name", ""),
        warning("lone_surrogate", "/a~1b/0/„é“\u{1f4ee}"),
        warning("number_precision", &"/x".repeat(2000)),
    ];
    let mut s = 0;
    for warning in warnings {
        let fixed_points = [(false, false), (true, false), (false, true), (true, true)];
        let fixed_points = fixed_points.map(|(js, python)| FixedPoints { js, python });
        for (origin, fixed_points) in Origin::ALL
            .into_iter()
            .flat_map(|origin| fixed_points.map(|fixed_points| (origin, fixed_points)))
        {
            for occurred_at in [None, Some(-5_000_000_000_000), Some(0), Some(BASE_MS + 1)] {
                let mut event = scene.waiting(s);
                event.event.warning.clone_from(&warning);
                event.event.origin = origin;
                event.event.fixed_points = fixed_points;
                event.event.occurred_at = occurred_at.map(postrider_model::Timestamp::from_unix_ms);
                scene.append_new(&event).await;
                assert_eq!(read(&scene, &event.event).await.as_ref(), Some(&event.event));
                let claim = scene.claim(scene.actions[0], ROOM, at(s)).await;
                assert_eq!(*claim.deliveries[0].event, event.event);
                s += 1;
            }
        }
    }
}

pub async fn a_delivery_keeps_how_its_body_is_made(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut s = 0;
    for content in BodyContent::ALL {
        for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
            let mut event = scene.waiting(s);
            event.deliveries[0].body = BodySpec::BuiltIn { content, style };
            scene.append_new(&event).await;
            assert_eq!(scene.delivery(key_of(&event, 0)).await, delivery_of(&event, 0));
            let claim = scene.claim(scene.actions[0], ROOM, at(s)).await;
            assert_eq!(claim.deliveries[0].body, event.deliveries[0].body);
            s += 1;
        }
    }
}

pub async fn a_large_call_is_answered_in_order(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut events: Vec<_> = (0..500).map(|s| scene.waiting(s)).collect();
    events[250] = events[0].clone();
    events[250].id_is_callers = true;
    events[0].id_is_callers = true;
    let answers = scene.append(events.clone()).await;
    assert_eq!(answers.len(), 500);
    for (n, answer) in answers.iter().enumerate() {
        match n {
            250 => assert_eq!(*answer, Appended::known(events[0].event.clone())),
            _ => assert_eq!(*answer, Appended::Stored, "item {n}"),
        }
    }
    let claim = scene.claim(scene.actions[0], ROOM, at(1000)).await;
    assert_eq!(claim.deliveries.len(), 499);
}

pub async fn an_event_can_have_many_deliveries(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let actions: Vec<_> = (0..2000).map(|_| scene.ids.action(at(0))).collect();
    let event = scene.event_for(1, &actions, FirstAttempt::Owned);
    scene.append_new(&event).await;
    let read = read(&scene, &event.event).await;
    assert_eq!(read.map(|event| event.deliveries), Some(2000));
    for index in [0, 1, 999, 1999] {
        assert_eq!(
            scene.delivery(key_of(&event, index)).await,
            delivery_of(&event, index)
        );
    }
}

pub async fn an_owned_delivery_is_claimed_by_nobody(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_owned(1).await;
    let claim = scene.claim(scene.actions[0], ROOM, at(1_000_000)).await;
    assert_eq!(claim, postrider_storage::Claim::default());
    assert_eq!(scene.store.waiting_lanes(ALL_TIME, None, 10).await, Ok(vec![]));
    scene
        .settle(key, scene.actions[0], 2, DeliveryStatus::Succeeded)
        .await;
}

pub async fn a_waiting_delivery_is_due_at_once_and_not_the_appenders(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.waiting(1);
    scene.append_new(&event).await;
    let key = key_of(&event, 0);
    let early = settled(key, scene.actions[0], 2, DeliveryStatus::Succeeded);
    assert_eq!(
        scene.finish(early).await,
        Recorded::Fenced,
        "the appender does not own it"
    );
    let claim = scene.claim(scene.actions[0], ROOM, at(1)).await;
    assert_eq!(claim.deliveries.len(), 1);
    assert_eq!(claim.deliveries[0].key, key);
}

pub async fn an_unseen_type_enters_the_catalogue_undescribed(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let read = |name: &'static str| {
        let store = Arc::clone(&scene.store);
        async move { store.event_type(&event_type(name)).await.expect("event_type") }
    };
    let mut event = scene.event(7);
    event.event.event_type = event_type("never.seen");
    scene.append_new(&event).await;
    let expected = EventType {
        name: event_type("never.seen"),
        description: String::new(),
        example: None,
        schema: None,
        visible: false,
        created_at: at(7),
        updated_at: at(7),
    };
    assert_eq!(read("never.seen").await.as_ref(), Some(&expected));
    let mut later = scene.event(9);
    later.event.event_type = event_type("never.seen");
    scene.append_new(&later).await;
    assert_eq!(read("never.seen").await, Some(expected), "it is first seen once");

    let mut unlisted = scene.event(8);
    unlisted.event.event_type = event_type("not.to.be.added");
    unlisted.adds_event_type = false;
    scene.append_new(&unlisted).await;
    assert_eq!(read("not.to.be.added").await, None);
}

pub async fn a_described_type_is_not_overwritten_and_a_deleted_one_returns(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let name = event_type("proposal.accepted");
    let described = EventType {
        name: name.clone(),
        description: "A customer said yes".to_owned(),
        example: Some("{}".to_owned()),
        schema: Some("true".to_owned()),
        visible: true,
        created_at: at(0),
        updated_at: at(1),
    };
    let put = scene
        .store
        .put_event_type(described.clone(), PutIf::Any, audit())
        .await;
    assert_eq!(put, Ok(SaveEventType::Created(described.clone())));
    scene.append_new(&scene.event(5)).await;
    assert_eq!(scene.store.event_type(&name).await, Ok(Some(described)));

    assert_eq!(
        scene.store.delete_event_type(&name, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    scene.append_new(&scene.event(6)).await;
    let again = scene.store.event_type(&name).await.expect("event_type");
    assert_eq!(
        again.map(|entry| (entry.description, entry.created_at)),
        Some((String::new(), at(6)))
    );
}

pub async fn appending_goes_on_in_a_later_session(store: Arc<dyn Store>) {
    let mut scene = Scene::new(store).await;
    let first = scene.append_owned(1).await;
    scene
        .store
        .close_session(scene.session, at(2))
        .await
        .expect("close_session");
    scene.session = open_session(&*scene.store).await;
    let second = scene.append_owned(3).await;
    let action = scene.actions[0];
    assert_eq!(
        scene
            .finish(settled(second, action, 4, DeliveryStatus::Succeeded))
            .await,
        Recorded::Applied
    );
    assert_eq!(
        scene
            .finish(settled(first, action, 4, DeliveryStatus::Succeeded))
            .await,
        Recorded::Fenced,
        "the later session does not own what the earlier one appended"
    );
}
