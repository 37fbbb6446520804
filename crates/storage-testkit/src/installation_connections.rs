//! Promises of [`postrider_storage::ConnectionStore`] about connections of the account `system`, which
//! automations of all accounts may name.

use std::sync::Arc;

use postrider_model::{AccountId, Automation, ConnectionId, Does, SYSTEM_ACCOUNT};
use postrider_storage::{ConnectionUser, DeleteConnection, DeleteObject, PageRequest, SaveAutomation, Store};

use super::build::*;
use super::connections::{create_connection, new_connection, using};
use super::scene::*;

/// A scene with the account `system` and a connection of it.
async fn scene(store: Arc<dyn Store>) -> (Scene, ConnectionId) {
    let scene = Scene::new(store).await;
    let system = postrider_model::Account {
        id: SYSTEM_ACCOUNT,
        ..new_account(&scene.ids, 1)
    };
    create_account(&*scene.store, system, new_key(&scene.ids, 1)).await;
    let id = create_connection(&*scene.store, SYSTEM_ACCOUNT, new_connection(&scene.ids, 2)).await;
    (scene, id)
}

async fn delete(scene: &Scene, id: ConnectionId) -> DeleteConnection {
    let deleted = scene
        .store
        .delete_connection(SYSTEM_ACCOUNT, id, None, audit())
        .await;
    deleted.expect("delete_connection")
}

fn user(account: AccountId, automation: &Automation) -> ConnectionUser {
    ConnectionUser {
        account,
        automation: automation.id,
        name: automation.name.clone(),
    }
}

pub async fn an_automation_of_any_account_names_a_connection_of_the_installation(store: Arc<dyn Store>) {
    let (scene, id) = scene(store).await;
    let (other, automation) = scene.another_account(3).await;
    let created = using(new_automation(&scene.ids, 4, 1), Some(id));
    let created = scene
        .store
        .create_automation(scene.account, created, audit())
        .await;
    assert!(matches!(created, Ok(SaveAutomation::Saved(_))), "{created:?}");
    let updated = using(automation, Some(id));
    let updated = scene
        .store
        .update_automation(other, updated, Vec::new(), audit())
        .await;
    assert!(matches!(updated, Ok(SaveAutomation::Saved(_))), "{updated:?}");
    // It is not one of their own: nobody reads, lists, updates or deletes it through another account.
    assert_eq!(scene.store.connection(other, id).await, Ok(None));
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let listed = scene.store.connections(other, page).await.expect("a list");
    assert_eq!(listed.items, []);
    let deleted = scene.store.delete_connection(other, id, None, audit()).await;
    assert_eq!(deleted, Ok(DeleteConnection::Missing));
    let config = scene.store.account_config(other).await.expect("account_config");
    assert_eq!(config.expect("the account").connections, []);
}

pub async fn a_connection_of_the_installation_is_not_deleted_while_any_account_uses_it(
    store: Arc<dyn Store>,
) {
    let (scene, id) = scene(store).await;
    let (other, _) = scene.another_account(3).await;
    let mut users = Vec::new();
    for (s, account) in [(4, scene.account), (5, other), (6, SYSTEM_ACCOUNT)] {
        let automation = using(new_automation(&scene.ids, s, 1), Some(id));
        let automation = create_automation(&*scene.store, account, automation).await;
        users.push(user(account, &automation));
    }
    users.sort_by_key(|user| user.account);
    assert_eq!(delete(&scene, id).await, DeleteConnection::InUse(users.clone()));
    for user in &users {
        let deleted = scene
            .store
            .delete_automation(user.account, user.automation, None, audit())
            .await;
        assert_eq!(deleted, Ok(DeleteObject::Deleted));
    }
    assert_eq!(delete(&scene, id).await, DeleteConnection::Deleted);
    assert_eq!(delete(&scene, id).await, DeleteConnection::Missing);
}

/// The id can stand in URLs, which anybody may choose.
pub async fn no_number_of_urls_with_its_id_hides_the_user_of_a_connection(store: Arc<dyn Store>) {
    let (scene, id) = scene(store).await;
    let mut last = scene.account;
    for s in 0..3 {
        let (account, _) = scene.another_account(10 + s).await;
        for n in 0..90 {
            let mut bystander = new_automation(&scene.ids, 100 * (s + 1) + n, 1);
            let Does::SendWebhook(webhook) = &mut bystander.actions[0].does else {
                panic!("a webhook")
            };
            webhook.url = format!("https://receiver.example/{id}");
            create_automation(&*scene.store, account, bystander).await;
        }
        last = account;
    }
    let automation = using(new_automation(&scene.ids, 1_000, 1), Some(id));
    let automation = create_automation(&*scene.store, last, automation).await;
    let users = vec![user(last, &automation)];
    assert_eq!(delete(&scene, id).await, DeleteConnection::InUse(users));
}

/// Whichever comes first, an automation never names a connection that is gone.
pub async fn deleting_a_connection_of_the_installation_and_naming_it_exclude_each_other(
    store: Arc<dyn Store>,
) {
    let (scene, _) = scene(store).await;
    let (other, _) = scene.another_account(3).await;
    for s in 10..30 {
        let id = create_connection(&*scene.store, SYSTEM_ACCOUNT, new_connection(&scene.ids, s)).await;
        let [one, two] = [0, 1].map(|n| using(new_automation(&scene.ids, 2 * s + n, 1), Some(id)));
        let (one, two, deleted) = tokio::join!(
            scene.store.create_automation(scene.account, one, audit()),
            scene.store.create_automation(other, two, audit()),
            scene.store.delete_connection(SYSTEM_ACCOUNT, id, None, audit()),
        );
        let saved = [one, two].map(|saved| saved.expect("create_automation"));
        let mut named = saved
            .iter()
            .filter(|saved| matches!(saved, SaveAutomation::Saved(_)));
        match deleted.expect("delete_connection") {
            DeleteConnection::Deleted => assert_eq!(named.next(), None),
            // One may have been saved after the search.
            DeleteConnection::InUse(users) => assert!(users.len() <= named.count()),
            DeleteConnection::Missing | DeleteConnection::Stale => panic!("it was there"),
        }
    }
}
