//! Promises of [`postrider_storage::SearchStore`].

use std::sync::Arc;

use postrider_model::{Account, AccountId, Automation, EventId};

use super::build::*;
use super::scene::*;
use postrider_storage::search::{Found, FoundObject, Sought};
use postrider_storage::{NewEvent, Store};

async fn find(scene: &Scene, sought: &str, within: Option<AccountId>) -> Vec<FoundObject> {
    let sought = Sought::of(sought).expect("something to look for");
    let found = scene.store.find(&sought, within).await.expect("find");
    for Found { account, .. } in &found {
        assert!(
            within.is_none() || *account == within,
            "{sought:?} within {within:?}"
        );
    }
    found.into_iter().map(|found| found.what).collect()
}

pub async fn every_id_is_found_in_its_account_and_from_everywhere(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let event = scene.owned(2);
    scene.append_new(&event).await;
    let key = key_of(&event, 0);
    let signing_keys = scene.store.signing_keys(scene.account).await.expect("keys");
    let signing_key = signing_keys.expect("the account")[0].id;
    let action = scene.actions[0];
    for (id, what) in [
        (scene.account.to_string(), FoundObject::Account(scene.account)),
        (signing_key.to_string(), FoundObject::SigningKey(signing_key)),
        (
            scene.automation.to_string(),
            FoundObject::Automation(scene.automation),
        ),
        (action.to_string(), FoundObject::Action(action, scene.automation)),
        (event.event.id.to_string(), FoundObject::Event(event.event.id)),
        (key.delivery.to_string(), FoundObject::Delivery(key.delivery)),
    ] {
        assert_eq!(find(&scene, &id, None).await, std::slice::from_ref(&what), "{id}");
        assert_eq!(find(&scene, &id, Some(scene.account)).await, [what], "{id}");
        assert_eq!(find(&scene, &id, Some(other)).await, [], "{id}");
    }
    for unknown in [
        "evt_01h455vb4pex5vsknk084sn02q",
        "dlv_01h455vb4pex5vsknk084sn02q",
        "nothing",
        "\0",
    ] {
        assert_eq!(find(&scene, unknown, None).await, [], "{unknown:?}");
    }
}

pub async fn the_beginnings_of_data_come_in_the_order_of_the_events(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let mut asked = Vec::new();
    for s in [2, 3] {
        let event = scene.event(s);
        scene.append_new(&event).await;
        asked.push((event.event.id, event.event.created_at));
    }
    let unknown = (EventId::from_u128(7), at(2));
    let asked = [asked[1], unknown, asked[0], asked[1]];
    let of = async |account, bytes| {
        let beginnings = scene.store.beginnings(account, &asked, bytes).await;
        beginnings.expect("beginnings")
    };
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let (second, third) = (text(r#"{"second":2}"#), text(r#"{"second":3}"#));
    assert_eq!(of(scene.account, 100).await, [third.clone(), None, second, third]);
    assert_eq!(of(scene.account, 4).await[0], text(r#"{"se"#));
    assert_eq!(of(other, 100).await, [None, None, None, None]);
    assert_eq!(
        scene.store.beginnings(scene.account, &[], 9).await,
        Ok(Vec::new())
    );
}

pub async fn an_id_of_producers_is_found_in_each_account_that_has_it(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    // Not a UUIDv7: its time says nothing.
    let id = EventId::from_u128(u128::MAX / 3);
    for (account, s) in [(scene.account, 2), (other, 3)] {
        let mut new = NewEvent {
            id_is_callers: true,
            deliveries: Vec::new(),
            ..scene.event(s)
        };
        new.event.id = id;
        new.event.account = account;
        new.event.deliveries = 0;
        scene.append_new(&new).await;
    }
    let found = find(&scene, &id.to_string(), None).await;
    assert_eq!(found, [FoundObject::Event(id), FoundObject::Event(id)]);
    assert_eq!(
        find(&scene, &id.to_string(), Some(other)).await,
        [FoundObject::Event(id)]
    );
}

pub async fn a_uid_finds_accounts_and_automations_and_a_name_its_event_type(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let mut ids = Vec::new();
    for account in [scene.account, other] {
        let automation = Automation {
            uid: Some("crm".to_owned()),
            ..new_automation(&scene.ids, 2, 1)
        };
        ids.push(create_automation(&*scene.store, account, automation).await.id);
    }
    let mut found = find(&scene, "crm", None).await;
    found.sort_by_key(|what| format!("{what:?}"));
    let mut expected = ids
        .iter()
        .copied()
        .map(FoundObject::Automation)
        .collect::<Vec<_>>();
    expected.sort_by_key(|what| format!("{what:?}"));
    assert_eq!(found, expected);
    assert_eq!(
        find(&scene, "crm", Some(other)).await,
        [FoundObject::Automation(ids[1])]
    );

    let acme = Account {
        uid: Some("acme".to_owned()),
        ..new_account(&scene.ids, 4)
    };
    let acme = create_account(&*scene.store, acme, new_key(&scene.ids, 4))
        .await
        .id;
    assert_eq!(find(&scene, "acme", None).await, [FoundObject::Account(acme)]);
    assert_eq!(find(&scene, "acme", Some(other)).await, []);

    let name = event_type("invoice.paid");
    let mut event = scene.event(5);
    event.event.event_type = name.clone();
    scene.append_new(&event).await;
    assert_eq!(
        find(&scene, "invoice.paid", None).await,
        [FoundObject::EventType(name)]
    );
    assert_eq!(find(&scene, "invoice.paid", Some(scene.account)).await, []);
}
