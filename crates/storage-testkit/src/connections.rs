//! Promises of [`postrider_storage::ConnectionStore`]: no automation names a connection that does not exist.

use std::sync::Arc;

use postrider_model::connection::CONNECTIONS_MAX;
use postrider_model::{
    AccountId, Authentication, Automation, ClientAuthentication, Connection, ConnectionId, Does, OAuth2,
    Secret,
};
use postrider_storage::{
    ConnectionUser, DeleteConnection, DeleteObject, PageRequest, SaveAutomation, SaveConnection,
    SealedValues, Store,
};

use super::build::*;
use super::scene::*;

/// A connection with a bearer token, created `s` seconds after the base.
pub fn new_connection(ids: &postrider_model::IdGenerator, s: i64) -> Connection {
    Connection {
        id: ids.connection(at(s)),
        name: format!("Connection {s}"),
        authentication: Authentication::Bearer {
            token: Secret::new(format!("token {s}")),
        },
        created_at: at(s),
        updated_at: at(s),
        version: 1,
        hosts: Vec::new(),
    }
}

/// Adds a connection, which has to succeed.
pub async fn create_connection(
    store: &dyn Store,
    account: AccountId,
    connection: Connection,
) -> ConnectionId {
    let id = connection.id;
    let saved = store.create_connection(account, connection, audit()).await;
    assert!(matches!(saved, Ok(SaveConnection::Saved(_))), "{saved:?}");
    id
}

/// The automation with actions that all use this connection.
pub fn using(mut automation: Automation, connection: Option<ConnectionId>) -> Automation {
    for action in &mut automation.actions {
        let Does::SendWebhook(webhook) = &mut action.does else {
            panic!("a webhook")
        };
        webhook.connection = connection;
    }
    automation
}

const PAGE: PageRequest = PageRequest {
    limit: 250,
    after: None,
};

/// One of each type, with texts that a column or JSON could spoil.
fn of_each_type() -> Vec<Authentication> {
    let secret = || Secret::new("\"é\\\u{7f}");
    vec![
        Authentication::Bearer { token: secret() },
        Authentication::Basic {
            user: "\"ü\"".to_owned(),
            password: Secret::new(""),
        },
        Authentication::Header {
            name: "X-Api-Key".to_owned(),
            value: secret(),
        },
        Authentication::OAuth2(OAuth2 {
            token_url: "https://id.example/token?a=é".to_owned(),
            client_id: "me:".to_owned(),
            client_secret: secret(),
            scope: Some("a b".to_owned()),
            audience: Some(String::new()),
            client_authentication: ClientAuthentication::Body,
        }),
        Authentication::ClientCertificate {
            certificate: "-----BEGIN\n".to_owned(),
            private_key: secret(),
        },
    ]
}

pub async fn a_connection_of_each_type_reads_back_as_it_was_saved(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let mut all = Vec::new();
    for (s, authentication) in (2..).zip(of_each_type()) {
        let connection = Connection {
            authentication,
            hosts: vec!["a.example".to_owned(), "*.\"é\"".to_owned()],
            ..new_connection(&scene.ids, s)
        };
        create_connection(&*scene.store, scene.account, connection.clone()).await;
        all.push(connection);
    }
    for connection in &all {
        let read = scene.store.connection(scene.account, connection.id).await;
        assert_eq!(read, Ok(Some(connection.clone())));
        assert_eq!(scene.store.connection(other, connection.id).await, Ok(None));
    }
    let config = scene
        .store
        .account_config(scene.account)
        .await
        .expect("account_config");
    let mut read = config.expect("the account").connections;
    read.sort_by_key(|connection| connection.id);
    assert_eq!(read, all);
    all.reverse();
    let listed = scene
        .store
        .connections(scene.account, PAGE)
        .await
        .expect("a list");
    assert_eq!(listed.items, all, "newest first");
    let none = scene.store.connections(other, PAGE).await.expect("a list");
    assert_eq!(none.items, []);
}

pub async fn an_update_of_a_connection_replaces_it_unless_it_is_stale(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let connection = new_connection(&scene.ids, 1);
    create_connection(&*scene.store, scene.account, connection.clone()).await;
    let changed = Connection {
        name: "Renamed".to_owned(),
        authentication: Authentication::Bearer {
            token: Secret::new("another"),
        },
        created_at: at(50),
        updated_at: at(60),
        hosts: vec!["b.example".to_owned()],
        ..connection.clone()
    };
    let saved = Connection {
        created_at: at(1),
        version: 2,
        ..changed.clone()
    };
    let update = async |connection: &Connection| {
        let updated = scene
            .store
            .update_connection(scene.account, connection.clone(), audit());
        updated.await.expect("update_connection")
    };
    assert_eq!(
        update(&changed).await,
        SaveConnection::Saved(Box::new(saved.clone()))
    );
    assert_eq!(update(&changed).await, SaveConnection::Stale);
    let read = scene.store.connection(scene.account, connection.id).await;
    assert_eq!(read, Ok(Some(saved)));
    let missing = new_connection(&scene.ids, 2);
    assert_eq!(update(&missing).await, SaveConnection::Missing);
}

pub async fn an_account_has_a_bounded_number_of_connections(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let mut last = None;
    for s in 0..CONNECTIONS_MAX {
        let connection = new_connection(&scene.ids, i64::try_from(s).expect("few"));
        last = Some(create_connection(&*scene.store, scene.account, connection).await);
    }
    let surplus = new_connection(&scene.ids, 1_000);
    let create = async |account| {
        let created = scene.store.create_connection(account, surplus.clone(), audit());
        created.await.expect("create_connection")
    };
    assert_eq!(create(scene.account).await, SaveConnection::TooMany);
    assert!(matches!(create(other).await, SaveConnection::Saved(_)));
    let nobody = scene.ids.account(at(3));
    assert_eq!(create(nobody).await, SaveConnection::Missing);
    let last = last.expect("there are some");
    let deleted = scene
        .store
        .delete_connection(scene.account, last, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteConnection::Deleted));
    create_connection(&*scene.store, scene.account, new_connection(&scene.ids, 1_001)).await;
}

pub async fn an_automation_names_only_connections_that_its_account_has(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let own = create_connection(&*scene.store, scene.account, new_connection(&scene.ids, 2)).await;
    let foreign = create_connection(&*scene.store, other, new_connection(&scene.ids, 3)).await;
    let automation = new_automation(&scene.ids, 4, 2);
    let create = async |connection| {
        let automation = using(automation.clone(), Some(connection));
        let created = scene.store.create_automation(scene.account, automation, audit());
        created.await.expect("create_automation")
    };
    assert_eq!(create(foreign).await, SaveAutomation::UnknownConnection(foreign));
    let read = scene.store.automation(scene.account, automation.id).await;
    assert_eq!(read, Ok(None), "nothing was written");
    let SaveAutomation::Saved(saved) = create(own).await else {
        panic!("it was not saved");
    };
    let read = scene.store.automation(scene.account, automation.id).await;
    assert_eq!(read, Ok(Some(saved.clone())));
    // Switched off, it adds no delivery to any event, and is checked nevertheless.
    for enabled in [true, false] {
        let edited = Automation {
            enabled,
            ..using(saved.clone(), Some(foreign))
        };
        let updated = scene
            .store
            .update_automation(scene.account, edited, Vec::new(), audit())
            .await;
        assert_eq!(updated, Ok(SaveAutomation::UnknownConnection(foreign)));
    }
    let read = scene.store.automation(scene.account, automation.id).await;
    assert_eq!(read, Ok(Some(saved)), "nothing was written");
}

pub async fn a_connection_that_an_automation_names_is_not_deleted(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let id = create_connection(&*scene.store, scene.account, new_connection(&scene.ids, 2)).await;
    let delete = async |account| {
        let deleted = scene.store.delete_connection(account, id, None, audit()).await;
        deleted.expect("delete_connection")
    };
    let mut bystander = new_automation(&scene.ids, 3, 1);
    let Does::SendWebhook(webhook) = &mut bystander.actions[0].does else {
        panic!("a webhook")
    };
    webhook.url = format!("https://receiver.example/{id}");
    create_automation(&*scene.store, scene.account, bystander).await;
    let mut users = Vec::new();
    for s in [4, 5] {
        let automation = Automation {
            enabled: s == 4,
            ..using(new_automation(&scene.ids, s, 1), Some(id))
        };
        users.push(create_automation(&*scene.store, scene.account, automation).await);
    }
    let named = users.iter().map(|user| ConnectionUser {
        account: scene.account,
        automation: user.id,
        name: user.name.clone(),
    });
    assert_eq!(
        delete(scene.account).await,
        DeleteConnection::InUse(named.collect())
    );
    assert_eq!(delete(other).await, DeleteConnection::Missing);
    let freed = scene
        .store
        .update_automation(scene.account, using(users[0].clone(), None), Vec::new(), audit())
        .await;
    assert!(matches!(freed, Ok(SaveAutomation::Saved(_))), "{freed:?}");
    let deleted = scene
        .store
        .delete_automation(scene.account, users[1].id, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(delete(scene.account).await, DeleteConnection::Deleted);
    assert_eq!(delete(scene.account).await, DeleteConnection::Missing);
}

/// Whichever comes first, an automation never names a connection that is gone.
pub async fn deleting_a_connection_and_naming_it_exclude_each_other(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 0..20 {
        let id = create_connection(&*scene.store, scene.account, new_connection(&scene.ids, s)).await;
        let automation = using(new_automation(&scene.ids, s, 1), Some(id));
        let (saved, deleted) = tokio::join!(
            scene
                .store
                .create_automation(scene.account, automation.clone(), audit()),
            scene.store.delete_connection(scene.account, id, None, audit()),
        );
        let user = ConnectionUser {
            account: scene.account,
            automation: automation.id,
            name: automation.name.clone(),
        };
        match deleted.expect("delete_connection") {
            DeleteConnection::Deleted => {
                assert_eq!(saved, Ok(SaveAutomation::UnknownConnection(id)));
            }
            in_use => {
                assert_eq!(in_use, DeleteConnection::InUse(vec![user]));
                assert!(matches!(saved, Ok(SaveAutomation::Saved(_))), "{saved:?}");
            }
        }
    }
}

pub async fn connections_go_with_their_account_and_are_counted_as_secrets(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let before = scene.store.sealed_values().await.expect("counts").sealed;
    let id = create_connection(&*scene.store, scene.account, new_connection(&scene.ids, 1)).await;
    let counted = SealedValues {
        sealed: before + 1,
        remaining: 0,
    };
    assert_eq!(scene.store.sealed_values().await, Ok(counted));
    assert_eq!(
        scene.store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    assert_eq!(scene.store.connection(scene.account, id).await, Ok(None));
    let counts = scene.store.sealed_values().await.expect("counts");
    assert_eq!(counts.sealed, before - 1, "its signing key is gone too");
}
