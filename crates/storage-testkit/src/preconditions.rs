//! Promises about changes that are made only if the stored object is as the caller expects.

use std::sync::Arc;

use postrider_model::{Account, AccountId, Automation, Connection, EventType};

use super::build::*;
use super::concurrency::race;
use super::connections::{create_connection, new_connection};
use super::scene::*;
use postrider_storage::{
    AccountRef, AuditFilter, DeleteConnection, DeleteObject, PageRequest, PutIf, SaveAccount, SaveAutomation,
    SaveConnection, SaveEventType, Store,
};

fn entry(description: &str, s: i64) -> EventType {
    EventType {
        name: event_type("proposal.accepted"),
        description: description.to_owned(),
        example: None,
        schema: None,
        visible: true,
        created_at: at(s),
        updated_at: at(s),
    }
}

/// An object of each kind that can be deleted.
struct Objects {
    account: Account,
    automation: Automation,
    connection: Connection,
    event_type: EventType,
}

impl Objects {
    async fn read(scene: &Scene, connection: &Connection) -> Self {
        let store = &scene.store;
        let account = store.account(&AccountRef::Id(scene.account)).await;
        let automation = store.automation(scene.account, scene.automation).await;
        let connection = store.connection(scene.account, connection.id).await;
        let event_type = store.event_type(&event_type("proposal.accepted")).await;
        Self {
            account: account.expect("account").expect("the account"),
            automation: automation.expect("automation").expect("the automation"),
            connection: connection.expect("connection").expect("the connection"),
            event_type: event_type.expect("event_type").expect("the event type"),
        }
    }

    /// Deletes all of them if they still have these versions, the account last.
    async fn delete(&self, scene: &Scene) -> [DeleteObject; 4] {
        let (store, owner) = (&scene.store, scene.account);
        let (automation, version) = (self.automation.id, Some(self.automation.version));
        let automation = store.delete_automation(owner, automation, version, audit()).await;
        let (connection, version) = (self.connection.id, Some(self.connection.version));
        let connection = store.delete_connection(owner, connection, version, audit()).await;
        let (name, time) = (&self.event_type.name, Some(self.event_type.updated_at));
        let event_type = store.delete_event_type(name, time, audit()).await;
        let account = store
            .delete_account(owner, Some(self.account.version), audit())
            .await;
        let connection = match connection.expect("delete_connection") {
            DeleteConnection::Deleted => DeleteObject::Deleted,
            DeleteConnection::Missing => DeleteObject::Missing,
            DeleteConnection::Stale => DeleteObject::Stale,
            DeleteConnection::InUse(users) => panic!("nothing uses it: {users:?}"),
        };
        [
            automation.expect("delete_automation"),
            connection,
            event_type.expect("delete_event_type"),
            account.expect("delete_account"),
        ]
    }

    /// Changes all of them.
    async fn update(&self, scene: &Scene) {
        let (store, owner) = (&scene.store, scene.account);
        let account = store.update_account(self.account.clone(), audit()).await;
        assert!(matches!(account, Ok(SaveAccount::Saved(_))), "{account:?}");
        let automation = self.automation.clone();
        let automation = store
            .update_automation(owner, automation, Vec::new(), audit())
            .await;
        assert!(
            matches!(automation, Ok(SaveAutomation::Saved(_))),
            "{automation:?}"
        );
        let connection = self.connection.clone();
        let connection = store.update_connection(owner, connection, audit()).await;
        assert!(
            matches!(connection, Ok(SaveConnection::Saved(_))),
            "{connection:?}"
        );
        // At the time of the stored entry, by which nobody could tell the two from each other.
        let edited = EventType {
            description: "Edited".to_owned(),
            ..self.event_type.clone()
        };
        let put = store.put_event_type(edited, PutIf::Any, audit()).await;
        assert!(matches!(put, Ok(SaveEventType::Replaced(_))), "{put:?}");
    }
}

async fn entries(store: &dyn Store) -> usize {
    let page = PageRequest {
        limit: 200,
        after: None,
    };
    let trail = store.audit(&AuditFilter::default(), page).await;
    trail.expect("audit").items.len()
}

pub async fn a_deletion_from_an_older_version_is_refused_and_writes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let connection = new_connection(&scene.ids, 1);
    create_connection(&*scene.store, scene.account, connection.clone()).await;
    let put = scene
        .store
        .put_event_type(entry("First", 1), PutIf::Any, audit())
        .await;
    assert_eq!(put, Ok(SaveEventType::Created(entry("First", 1))));
    let old = Objects::read(&scene, &connection).await;
    old.update(&scene).await;
    let now = Objects::read(&scene, &connection).await;
    let written = entries(&*scene.store).await;
    assert_eq!(old.delete(&scene).await, [DeleteObject::Stale; 4]);
    let after = Objects::read(&scene, &connection).await;
    assert_eq!(after.account, now.account);
    assert_eq!(after.automation, now.automation);
    assert_eq!(after.connection, now.connection);
    assert_eq!(after.event_type, now.event_type);
    assert_eq!(entries(&*scene.store).await, written, "no entry in the trail");
    assert_eq!(now.delete(&scene).await, [DeleteObject::Deleted; 4]);
    assert_eq!(now.delete(&scene).await, [DeleteObject::Missing; 4]);
}

pub async fn an_event_type_is_put_only_where_its_condition_holds(store: Arc<dyn Store>) {
    let put = async |description, s, only_if| {
        let put = store
            .put_event_type(entry(description, s), only_if, audit())
            .await;
        put.expect("put_event_type")
    };
    let name = event_type("proposal.accepted");
    assert_eq!(
        put("First", 1, PutIf::UpdatedAt(at(1))).await,
        SaveEventType::Stale
    );
    assert_eq!(store.event_type(&name).await, Ok(None), "nothing was written");
    let created = put("First", 1, PutIf::Absent).await;
    assert_eq!(created, SaveEventType::Created(entry("First", 1)));
    assert_eq!(put("Second", 2, PutIf::Absent).await, SaveEventType::Stale);
    assert_eq!(
        put("First", 1, PutIf::Absent).await,
        SaveEventType::Stale,
        "even if equal"
    );
    assert_eq!(
        put("Second", 2, PutIf::UpdatedAt(at(2))).await,
        SaveEventType::Stale
    );
    assert_eq!(store.event_type(&name).await, Ok(Some(entry("First", 1))));
    let SaveEventType::Replaced(second) = put("Second", 2, PutIf::UpdatedAt(at(1))).await else {
        panic!("its time is the stored one");
    };
    assert_eq!((second.created_at, second.updated_at), (at(1), at(2)));
    // The clock of another node may be behind.
    let SaveEventType::Replaced(third) = put("Third", 1, PutIf::UpdatedAt(at(2))).await else {
        panic!("its time is the stored one");
    };
    assert!(third.updated_at > second.updated_at, "{third:?}");
    let same = put("Third", 9, PutIf::UpdatedAt(third.updated_at)).await;
    assert_eq!(same, SaveEventType::Replaced(third.clone()), "nothing to change");
    let deleted = store
        .delete_event_type(&name, Some(third.updated_at), audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(
        put("Fourth", 4, PutIf::UpdatedAt(third.updated_at)).await,
        SaveEventType::Stale
    );
    let SaveEventType::Created(fourth) = put("Fourth", 1, PutIf::Absent).await else {
        panic!("there is none");
    };
    assert!(fourth.updated_at > third.updated_at, "{fourth:?}");
    assert_eq!(store.event_type(&name).await, Ok(Some(fourth)));
}

pub async fn one_of_many_concurrent_creations_of_an_event_type_succeeds(store: Arc<dyn Store>) {
    let puts = race(|n| {
        let store = Arc::clone(&store);
        async move {
            let put = store.put_event_type(entry(&format!("Racer {n}"), n), PutIf::Absent, audit());
            put.await.expect("put_event_type")
        }
    })
    .await;
    let mut created = puts.into_iter().filter(|put| *put != SaveEventType::Stale);
    let Some(SaveEventType::Created(first)) = created.next() else {
        panic!("none was created");
    };
    assert_eq!(created.next(), None);
    assert_eq!(store.event_type(&first.name).await, Ok(Some(first)));
}

/// Whichever comes first, an edit that was confirmed is never deleted.
pub async fn a_deletion_and_an_edit_from_one_version_exclude_each_other(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 1..21 {
        let (account, automation) = scene.another_account(s).await;
        let (edited, deleted) = tokio::join!(edit(&scene, account, &automation), async {
            let (id, version) = (automation.id, Some(automation.version));
            let deleted = scene.store.delete_automation(account, id, version, audit()).await;
            deleted.expect("delete_automation")
        });
        match deleted {
            DeleteObject::Deleted => assert_eq!(edited, SaveAutomation::Missing),
            DeleteObject::Stale => assert!(matches!(edited, SaveAutomation::Saved(_)), "{edited:?}"),
            DeleteObject::Missing => panic!("nobody else deletes it"),
        }
        let put = scene
            .store
            .put_event_type(entry("First", s), PutIf::Any, audit())
            .await;
        let (Ok(SaveEventType::Created(first)) | Ok(SaveEventType::Replaced(first))) = put else {
            panic!("{put:?}");
        };
        let only_if = PutIf::UpdatedAt(first.updated_at);
        let (put, deleted) = tokio::join!(
            scene.store.put_event_type(entry("Edited", s), only_if, audit()),
            scene
                .store
                .delete_event_type(&first.name, Some(first.updated_at), audit()),
        );
        match deleted.expect("delete_event_type") {
            DeleteObject::Deleted => assert_eq!(put, Ok(SaveEventType::Stale)),
            DeleteObject::Stale => assert!(matches!(put, Ok(SaveEventType::Replaced(_))), "{put:?}"),
            DeleteObject::Missing => panic!("nobody else deletes it"),
        }
    }
}

async fn edit(scene: &Scene, account: AccountId, automation: &Automation) -> SaveAutomation {
    let edited = Automation {
        name: "Edited".to_owned(),
        ..automation.clone()
    };
    let saved = scene
        .store
        .update_automation(account, edited, Vec::new(), audit())
        .await;
    saved.expect("update_automation")
}
