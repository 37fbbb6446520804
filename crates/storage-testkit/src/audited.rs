//! Promises of the verbs that write entries of the audit trail.

use std::sync::Arc;

use postrider_model::automation::DisabledReason;
use postrider_model::{
    Account, AccountId, Actor, ApiKey, AuditAction, AuditEntry, Automation, AutomationId, DeliveryStatus,
    EventType, Grant, GrantKind, Permissions, Person, Scope, Target,
};

use super::audit::{empty, trail};
use super::automations::{disable, stored};
use super::build::*;
use super::connections::new_connection;
use super::scene::*;
use postrider_storage::{
    DeliveryFilter, DisableAction, GrantFilter, NewEvent, PermittedSessions, PutIf, Resent, SaveEventType,
    SessionLimits, Store, StoreResult,
};

fn link(scene: &Scene, account: AccountId, n: u8) -> Grant {
    Grant {
        id: scene.ids.grant(at(0)),
        sha256: [n; 32],
        kind: GrantKind::PortalLink,
        scope: Scope::Account(account),
        permissions: Permissions::ALL,
        theme: None,
        api_key: None,
        link: None,
        person: None,
        created_at: at(0),
        expires_at: at(1_000),
    }
}

fn key(scene: &Scene, n: u8) -> ApiKey {
    ApiKey {
        id: scene.ids.api_key(at(0)),
        name: format!("Key {n}"),
        prefix: String::new(),
        sha256: [n; 32],
        is_configured: false,
        permissions: Permissions::ALL,
        scope: Scope::All,
        created_at: at(0),
        expires_at: None,
        last_used_at: None,
    }
}

fn described(name: &str) -> EventType {
    EventType {
        name: event_type(name),
        description: "Described".to_owned(),
        example: None,
        schema: None,
        visible: true,
        created_at: at(1),
        updated_at: at(1),
    }
}

/// The verbs here announce nothing.
const NONE: Vec<NewEvent> = Vec::new();

const LIMITS: SessionLimits = SessionLimits {
    live_max: 2,
    per_minute_max: None,
};

fn links(account: AccountId) -> GrantFilter {
    GrantFilter {
        kind: GrantKind::PortalLink,
        scope: Scope::Account(account),
    }
}

/// Calls every verb that takes an entry so that it changes something. `entry` gives the entry of each.
async fn change_everything(scene: &Scene, mut entry: impl FnMut() -> AuditEntry) {
    let (store, ids) = (&scene.store, &scene.ids);
    let account = new_account(ids, 20);
    let id = account.id;
    let renamed = Account {
        name: "B".to_owned(),
        ..account.clone()
    };
    let _ = store.create_account(account, new_key(ids, 20), entry()).await;
    let _ = store.update_account(renamed, entry()).await;
    let _ = store
        .rotate_signing_key(id, new_key(ids, 21), at(30), NONE, entry())
        .await;
    let automation = new_automation(ids, 22, 1);
    let _ = store.create_automation(id, automation.clone(), entry()).await;
    let _ = store
        .update_automation(id, automation.clone(), NONE, entry())
        .await;
    let _ = store.delete_automation(id, automation.id, None, entry()).await;
    let connection = new_connection(ids, 23);
    let _ = store.create_connection(id, connection.clone(), entry()).await;
    let _ = store.update_connection(id, connection.clone(), entry()).await;
    let _ = store.delete_connection(id, connection.id, None, entry()).await;
    let _ = store
        .put_event_type(described("audit.type"), PutIf::Any, entry())
        .await;
    let _ = store
        .delete_event_type(&event_type("audit.type"), None, entry())
        .await;
    let (one, two) = (key(scene, 1), key(scene, 2));
    let _ = store.add_first_api_key(one.clone(), entry()).await;
    let _ = store.add_api_key(two.clone(), entry()).await;
    let _ = store.delete_api_key(two.id, entry()).await;
    let configured = ApiKey {
        is_configured: true,
        ..key(scene, 3)
    };
    let _ = store.configure_api_key(Some(configured), entry()).await;
    let _ = store.configure_api_key(None, entry()).await;
    let (first, second) = (link(scene, id, 4), link(scene, id, 5));
    let _ = store.put_grant(first.clone(), entry()).await;
    let session = Grant {
        kind: GrantKind::Session,
        link: Some(first.id),
        ..link(scene, id, 6)
    };
    let _ = store.begin_session(session.clone(), LIMITS, entry()).await;
    let _ = store.take_grant(&session.sha256, at(1), entry()).await;
    let _ = store.delete_grant(links(id), first.id, entry()).await;
    let _ = store.put_grant(second, entry()).await;
    let _ = store.delete_grants(links(id), entry()).await;
    let of_person = Grant {
        kind: GrantKind::Session,
        scope: Scope::All,
        person: Some(Arc::new(Person::new(
            "https://id.example".to_owned(),
            "u1".to_owned(),
            [],
            None,
        ))),
        ..link(scene, id, 7)
    };
    let _ = store.put_grant(of_person, entry()).await;
    let nobody = PermittedSessions {
        issuer: None,
        by_key: true,
    };
    let _ = store.keep_sessions(nobody, entry()).await;
    let _ = store.delete_account(id, None, entry()).await;
}

/// How many entries [`change_everything`] takes.
const CHANGES: usize = 25;

pub async fn every_verb_that_changes_something_leaves_its_entry(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let failed = scene.append_owned(1).await;
    scene
        .finish(settled(failed, scene.actions[0], 2, DeliveryStatus::Failed))
        .await;
    empty(&*store).await;
    let mut written = Vec::new();
    change_everything(&scene, || {
        written.push(audit());
        written[written.len() - 1].clone()
    })
    .await;
    assert_eq!(written.len(), CHANGES);
    let resend = audit();
    let resent = store.resend(failed, at(40), resend.clone()).await;
    assert!(matches!(resent, Ok(Resent::Due(_))), "{resent:?}");
    written.push(resend);
    let ids = |entries: &[AuditEntry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    written.reverse();
    assert_eq!(ids(&trail(&*store).await), ids(&written));
}

/// Calls the verbs of connections so that they change nothing.
async fn change_no_connection(scene: &Scene, never: AccountId) {
    let store = &scene.store;
    let connection = new_connection(&scene.ids, 53);
    let _ = store.create_connection(never, connection.clone(), audit()).await;
    let _ = store
        .update_connection(scene.account, connection.clone(), audit())
        .await;
    let _ = store
        .delete_connection(scene.account, connection.id, None, audit())
        .await;
}

/// Deletes an automation and an event type that do not exist.
async fn delete_nothing(scene: &Scene, automation: AutomationId) {
    let store = &scene.store;
    let name = event_type("audit.type");
    let _ = store
        .delete_automation(scene.account, automation, None, audit())
        .await;
    let _ = store.delete_event_type(&name, None, audit()).await;
}

pub async fn a_verb_that_changes_nothing_leaves_no_entry(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    change_everything(&scene, audit).await;
    let known = EventType {
        created_at: at(48),
        updated_at: at(48),
        ..described("known.type")
    };
    let _ = store.put_event_type(known.clone(), PutIf::Any, audit()).await;
    let never = scene.ids.account(at(50));
    let automation = scene.ids.automation(at(50));
    empty(&*store).await;
    let missing = new_account(&scene.ids, 51);
    let _ = store.update_account(missing, audit()).await;
    let _ = store
        .rotate_signing_key(never, new_key(&scene.ids, 52), at(60), NONE, audit())
        .await;
    let _ = store
        .create_automation(never, new_automation(&scene.ids, 53, 1), audit())
        .await;
    let mut stale = stored(&scene).await;
    stale.version -= 1;
    let _ = store.update_automation(scene.account, stale, NONE, audit()).await;
    delete_nothing(&scene, automation).await;
    change_no_connection(&scene, never).await;
    let put_again = EventType {
        created_at: at(49),
        updated_at: at(49),
        ..known.clone()
    };
    let put = store.put_event_type(put_again, PutIf::Any, audit()).await;
    assert_eq!(put, Ok(SaveEventType::Replaced(known)));
    let _ = store.add_first_api_key(key(&scene, 7), audit()).await;
    let orphan = ApiKey {
        scope: Scope::Account(never),
        ..key(&scene, 8)
    };
    let _ = store.add_api_key(orphan, audit()).await;
    let _ = store.delete_api_key(scene.ids.api_key(at(54)), audit()).await;
    let _ = store.configure_api_key(None, audit()).await;
    let _ = store.put_grant(link(&scene, never, 9), audit()).await;
    let session = Grant {
        kind: GrantKind::Session,
        ..link(&scene, scene.account, 10)
    };
    let _ = store.begin_session(session, LIMITS, audit()).await;
    let _ = store.take_grant(&[11; 32], at(1), audit()).await;
    let _ = store
        .delete_grant(links(scene.account), scene.ids.grant(at(55)), audit())
        .await;
    let _ = store.delete_grants(links(scene.account), audit()).await;
    let _ = store.delete_account(never, None, audit()).await;
    let pending = scene.append_owned(56).await;
    let _ = store.resend(pending, at(57), audit()).await;
    let filter = DeliveryFilter::default();
    let step = store
        .replay_step(
            scene.account,
            &filter,
            &scene.actions,
            None,
            at(58),
            Some(audit()),
        )
        .await;
    assert_eq!(step.map(|step| step.replayed), Ok(0));
    assert_eq!(trail(&*store).await, []);
}

pub async fn a_change_whose_entry_cannot_be_written_is_not_made(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let failed = scene.append_owned(1).await;
    scene
        .finish(settled(failed, scene.actions[0], 2, DeliveryStatus::Failed))
        .await;
    let taken = audit();
    store.note_audit(vec![taken.clone()]).await.expect("note_audit");
    let before = stored(&scene).await;
    let failed_so = |result: StoreResult<()>| assert!(result.is_err());
    let refused = || taken.clone();
    let renamed = Automation {
        name: "Renamed".to_owned(),
        ..before.clone()
    };
    failed_so(
        store
            .update_automation(scene.account, renamed, NONE, refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .delete_automation(scene.account, before.id, None, refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .rotate_signing_key(scene.account, new_key(&scene.ids, 3), at(9), NONE, refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .put_event_type(described("never.stored"), PutIf::Any, refused())
            .await
            .map(drop),
    );
    failed_so(store.add_api_key(key(&scene, 1), refused()).await.map(drop));
    failed_so(
        store
            .put_grant(link(&scene, scene.account, 2), refused())
            .await
            .map(drop),
    );
    failed_so(store.resend(failed, at(9), refused()).await.map(drop));
    failed_so(
        store
            .delete_account(scene.account, None, refused())
            .await
            .map(drop),
    );
    assert_eq!(stored(&scene).await, before);
    let keys = store
        .signing_keys(scene.account)
        .await
        .expect("signing_keys")
        .expect("the account");
    assert_eq!(keys.len(), 1);
    assert_eq!(store.event_type(&event_type("never.stored")).await, Ok(None));
    assert_eq!(store.api_keys().await, Ok(Vec::new()));
    assert_eq!(store.grant(&[2; 32], at(1)).await, Ok(None));
    let delivery = store
        .delivery(failed)
        .await
        .expect("delivery")
        .expect("the delivery");
    assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
}

pub async fn a_replaced_event_type_shows_exactly_what_it_was(store: Arc<dyn Store>) {
    let put = async |entry: EventType| {
        store
            .put_event_type(entry, PutIf::Any, audit())
            .await
            .expect("put_event_type")
    };
    let first = described("audit.type");
    put(first.clone()).await;
    put(EventType {
        visible: false,
        ..first
    })
    .await;
    let details: Vec<_> = trail(&*store)
        .await
        .into_iter()
        .map(|entry| (entry.action, entry.details))
        .collect();
    let created = r#"{"after":{"description":"Described","example":null,"schema":null,"visible":true}}"#;
    let updated = r#"{"before":{"visible":true},"after":{"visible":false}}"#;
    assert_eq!(
        details,
        [
            (AuditAction::EventTypeUpdated, Some(updated.to_owned())),
            (AuditAction::EventTypeCreated, Some(created.to_owned())),
        ]
    );
}

pub async fn a_disabled_action_is_noted_once_by_the_node(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let automation = stored(&scene).await;
    let action = &automation.actions[0];
    let gone = DisableAction {
        action: action.id,
        target: action.does.target().to_owned(),
        reason: DisabledReason::Gone,
    };
    empty(&*store).await;
    assert!(disable(&scene, &gone, 10).await);
    assert!(!disable(&scene, &gone, 20).await);
    let [entry] = &trail(&*store).await[..] else {
        panic!("there is one entry");
    };
    assert_eq!(
        (entry.action, entry.account),
        (AuditAction::ActionDisabled, Some(scene.account))
    );
    assert_eq!(entry.actor, Actor::NODE);
    assert_eq!(entry.target, Target::named(action.id, automation.name));
}
