//! Promises of [`postrider_storage::AuditStore`], and of the verbs that write entries.

use std::sync::Arc;

use postrider_model::automation::DisabledReason;
use postrider_model::{
    Account, AccountId, Actor, ActorKind, ApiKey, AuditAction, AuditEntry, By, EventType, Grant, GrantKind,
    Permissions, Scope, Target,
};

use super::automations::{disable, stored};
use super::build::*;
use super::scene::*;
use postrider_storage::{
    AUDIT_LOOKED_AT_MAX, ActionPattern, AuditFilter, DeliveryFilter, DisableAction, GrantFilter, PageRequest,
    SessionLimits, Store, StoreResult,
};

async fn page(store: &dyn Store, filter: &AuditFilter, limit: usize) -> Vec<AuditEntry> {
    let page = PageRequest { limit, after: None };
    store.audit(filter, page).await.expect("audit").items
}

async fn trail(store: &dyn Store) -> Vec<AuditEntry> {
    page(store, &AuditFilter::default(), 250).await
}

/// An entry with every member, `s` seconds after the base.
fn entry(scene: &Scene, s: i64) -> AuditEntry {
    AuditEntry {
        id: scene.ids.audit(at(s)),
        account: Some(scene.account),
        actor: Actor {
            kind: ActorKind::Session,
            id: Some("grant_1".to_owned()),
            name: Some("Zoë".to_owned()),
            is_staff: true,
        },
        action: AuditAction::AutomationUpdated,
        target: Target::named("auto_1", "Orders"),
        details: Some(r#"{"before":{"name":"A\u0000"},"after":{"name":"B"}}"#.to_owned()),
        client: Some("2001:db8::1".parse().expect("an address")),
        request_id: Some("request-1".to_owned()),
    }
}

/// Removes the entries that the scene's verbs left.
async fn empty(store: &dyn Store) {
    store.prune_audit(far_ahead(), 1_000).await.expect("prune_audit");
    assert_eq!(trail(store).await, []);
}

pub async fn entries_read_back_newest_first_in_pages(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    empty(&*store).await;
    let mut entries: Vec<_> = (1..=4).map(|s| entry(&scene, s)).collect();
    let bare = By::NODE.did(
        scene.ids.audit(at(9)),
        AuditAction::MasterKeyRotated,
        None,
        Target::default(),
    );
    entries.push(bare);
    store.note_audit(entries.clone()).await.expect("note_audit");
    entries.reverse();
    assert_eq!(trail(&*store).await, entries);
    let (mut after, mut read) = (None, Vec::new());
    loop {
        let page = PageRequest { limit: 2, after };
        let page = store.audit(&AuditFilter::default(), page).await.expect("audit");
        read.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(read, entries);
}

pub async fn entries_are_filtered_by_all_that_a_filter_says(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    empty(&*store).await;
    let (other, _) = scene.another_account(1).await;
    empty(&*store).await;
    let plain = entry(&scene, 1);
    let entries = [
        plain.clone(),
        AuditEntry {
            id: scene.ids.audit(at(2)),
            account: Some(other),
            ..plain.clone()
        },
        AuditEntry {
            id: scene.ids.audit(at(3)),
            account: None,
            ..plain.clone()
        },
        AuditEntry {
            id: scene.ids.audit(at(4)),
            action: AuditAction::AutomationDeleted,
            ..plain.clone()
        },
        AuditEntry {
            id: scene.ids.audit(at(5)),
            action: AuditAction::SessionBegun,
            ..plain.clone()
        },
        AuditEntry {
            id: scene.ids.audit(at(6)),
            actor: Actor::UNKNOWN,
            ..plain.clone()
        },
        AuditEntry {
            id: scene.ids.audit(at(7)),
            target: Target::of("auto_2"),
            ..plain.clone()
        },
    ];
    store.note_audit(entries.to_vec()).await.expect("note_audit");
    let seconds = async |filter: AuditFilter| -> Vec<i64> {
        let found = page(&*store, &filter, 50).await;
        found
            .iter()
            .map(|entry| (entry.at().unix_ms() - BASE_MS) / 1000)
            .collect()
    };
    let all = AuditFilter::default;
    let action = |text| ActionPattern::parse(text);
    assert_eq!(seconds(all()).await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(
        seconds(AuditFilter {
            account: Some(other),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        seconds(AuditFilter {
            action: action("automation.deleted"),
            ..all()
        })
        .await,
        [4]
    );
    assert_eq!(
        seconds(AuditFilter {
            action: action("automation.*"),
            ..all()
        })
        .await,
        [7, 6, 4, 3, 2, 1]
    );
    assert_eq!(
        seconds(AuditFilter {
            actor: Some("grant_1".to_owned()),
            ..all()
        })
        .await,
        [7, 5, 4, 3, 2, 1]
    );
    let odd = AuditFilter {
        actor: Some("\0".to_owned()),
        ..all()
    };
    assert!(seconds(odd).await.is_empty());
    assert_eq!(
        seconds(AuditFilter {
            target: Some("auto_2".to_owned()),
            ..all()
        })
        .await,
        [7]
    );
    assert_eq!(
        seconds(AuditFilter {
            after: Some(at(3)),
            before: Some(at(5)),
            ..all()
        })
        .await,
        [4, 3]
    );
    let of_both = AuditFilter {
        account: Some(scene.account),
        action: action("session.begun"),
        actor: Some("grant_1".to_owned()),
        ..all()
    };
    assert_eq!(seconds(of_both).await, [5]);
}

pub async fn staff_is_not_found_by_its_id_where_it_is_hidden(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    empty(&*store).await;
    let staff = entry(&scene, 1);
    let own = AuditEntry {
        id: scene.ids.audit(at(2)),
        actor: Actor {
            is_staff: false,
            ..staff.actor.clone()
        },
        ..staff.clone()
    };
    store
        .note_audit(vec![staff, own.clone()])
        .await
        .expect("note_audit");
    let filter = AuditFilter {
        actor: Some("grant_1".to_owned()),
        hides_staff: true,
        ..AuditFilter::default()
    };
    assert_eq!(page(&*store, &filter, 50).await, [own]);
}

pub async fn a_page_that_looked_at_many_entries_ends_early(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    empty(&*store).await;
    let first = AuditEntry {
        action: AuditAction::AccountCreated,
        ..entry(&scene, 0)
    };
    store.note_audit(vec![first.clone()]).await.expect("note_audit");
    let many = (0..AUDIT_LOOKED_AT_MAX).map(|_| entry(&scene, 1)).collect();
    store.note_audit(many).await.expect("note_audit");
    let filter = AuditFilter {
        action: ActionPattern::parse("account.created"),
        ..AuditFilter::default()
    };
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let early = store.audit(&filter, page).await.expect("audit");
    assert_eq!(early.items, []);
    let page = PageRequest {
        after: early.next,
        ..page
    };
    assert!(page.after.is_some());
    let last = store.audit(&filter, page).await.expect("audit");
    assert_eq!((last.items, last.next), (vec![first], None));
}

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
    let _ = store
        .create_account(account.clone(), new_key(ids, 20), entry())
        .await;
    let _ = store
        .update_account(
            Account {
                name: "B".to_owned(),
                ..account
            },
            entry(),
        )
        .await;
    let _ = store
        .rotate_signing_key(id, new_key(ids, 21), at(30), entry())
        .await;
    let automation = new_automation(ids, 22, 1);
    let _ = store.create_automation(id, automation.clone(), entry()).await;
    let _ = store.update_automation(id, automation.clone(), entry()).await;
    let _ = store.delete_automation(id, automation.id, entry()).await;
    let _ = store.put_event_type(described("audit.type"), entry()).await;
    let _ = store.delete_event_type(&event_type("audit.type"), entry()).await;
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
    let _ = store.delete_account(id, entry()).await;
}

/// How many entries [`change_everything`] takes.
const CHANGES: usize = 20;

pub async fn every_verb_that_changes_something_leaves_its_entry(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let failed = scene.append_owned(1).await;
    scene
        .finish(settled(
            failed,
            scene.actions[0],
            2,
            postrider_model::DeliveryStatus::Failed,
        ))
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
    assert!(
        matches!(resent, Ok(postrider_storage::Resent::Due(_))),
        "{resent:?}"
    );
    written.push(resend);
    let ids = |entries: &[AuditEntry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    written.reverse();
    assert_eq!(ids(&trail(&*store).await), ids(&written));
}

pub async fn a_verb_that_changes_nothing_leaves_no_entry(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    change_everything(&scene, audit).await;
    let never = scene.ids.account(at(50));
    let automation = scene.ids.automation(at(50));
    empty(&*store).await;
    let missing = new_account(&scene.ids, 51);
    let _ = store.update_account(missing, audit()).await;
    let _ = store
        .rotate_signing_key(never, new_key(&scene.ids, 52), at(60), audit())
        .await;
    let _ = store
        .create_automation(never, new_automation(&scene.ids, 53, 1), audit())
        .await;
    let mut stale = stored(&scene).await;
    stale.version -= 1;
    let _ = store.update_automation(scene.account, stale, audit()).await;
    let _ = store.delete_automation(scene.account, automation, audit()).await;
    let _ = store.delete_event_type(&event_type("audit.type"), audit()).await;
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
    let _ = store.delete_account(never, audit()).await;
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
        .finish(settled(
            failed,
            scene.actions[0],
            2,
            postrider_model::DeliveryStatus::Failed,
        ))
        .await;
    let taken = audit();
    store.note_audit(vec![taken.clone()]).await.expect("note_audit");
    let before = stored(&scene).await;
    let failed_so = |result: StoreResult<()>| assert!(result.is_err());
    let refused = || taken.clone();
    let renamed = postrider_model::Automation {
        name: "Renamed".to_owned(),
        ..before.clone()
    };
    failed_so(
        store
            .update_automation(scene.account, renamed, refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .delete_automation(scene.account, before.id, refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .rotate_signing_key(scene.account, new_key(&scene.ids, 3), at(9), refused())
            .await
            .map(drop),
    );
    failed_so(
        store
            .put_event_type(described("never.stored"), refused())
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
    failed_so(store.delete_account(scene.account, refused()).await.map(drop));
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
    assert_eq!(delivery.progress.status, postrider_model::DeliveryStatus::Failed);
}

pub async fn a_replaced_event_type_shows_exactly_what_it_was(store: Arc<dyn Store>) {
    let put = async |entry: EventType| {
        store
            .put_event_type(entry, audit())
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

pub async fn entries_outlive_their_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let entry = entry(&scene, 1);
    store.note_audit(vec![entry.clone()]).await.expect("note_audit");
    assert_eq!(store.delete_account(scene.account, audit()).await, Ok(true));
    let filter = AuditFilter {
        account: Some(scene.account),
        ..AuditFilter::default()
    };
    assert_eq!(page(&*store, &filter, 10).await, [entry]);
}

pub async fn old_entries_are_pruned_in_steps(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    empty(&*store).await;
    let entries: Vec<_> = (1..=5).map(|s| entry(&scene, s)).collect();
    store.note_audit(entries.clone()).await.expect("note_audit");
    assert_eq!(store.prune_audit(at(4), 2).await, Ok(2));
    assert_eq!(trail(&*store).await.len(), 3);
    assert_eq!(store.prune_audit(at(4), 2).await, Ok(1));
    assert_eq!(store.prune_audit(at(4), 2).await, Ok(0));
    assert_eq!(trail(&*store).await, [entries[4].clone(), entries[3].clone()]);
}
