//! Promises of [`postrider_storage::AuditStore`]; those of the verbs that write entries are in
//! [`super::audited`].

use std::sync::Arc;

use postrider_model::{AccountId, Actor, ActorKind, AuditAction, AuditEntry, By, Grant, Target};

use super::build::*;
use super::scene::*;
use postrider_storage::{AUDIT_LOOKED_AT_MAX, ActionPattern, AuditFilter, DeleteObject, PageRequest, Store};

async fn page(store: &dyn Store, filter: &AuditFilter, limit: usize) -> Vec<AuditEntry> {
    let page = PageRequest { limit, after: None };
    store.audit(filter, page).await.expect("audit").items
}

pub(crate) async fn trail(store: &dyn Store) -> Vec<AuditEntry> {
    page(store, &AuditFilter::default(), 250).await
}

/// The sessions that ended because others began, the oldest entry first.
pub(crate) async fn ended_sessions(store: &dyn Store) -> Vec<String> {
    let mut ended = Vec::new();
    for entry in trail(store).await.into_iter().rev() {
        let details = entry.details.unwrap_or_default();
        let details: serde_json::Value = serde_json::from_str(&details).unwrap_or_default();
        let ids = details["ended"].as_array().cloned().unwrap_or_default();
        ended.extend(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)));
    }
    ended
}

/// The ids of grants, as entries show them.
pub(crate) fn ids_of(grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|grant| grant.id.to_string()).collect()
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
pub(crate) async fn empty(store: &dyn Store) {
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

/// One entry for each of the things that a filter tells apart, a second after the other.
fn entries_to_filter(scene: &Scene, other: AccountId) -> Vec<AuditEntry> {
    let plain = entry(scene, 1);
    let at = |s, change: fn(&mut AuditEntry)| {
        let mut changed = AuditEntry {
            id: scene.ids.audit(at(s)),
            ..plain.clone()
        };
        change(&mut changed);
        changed
    };
    let mut elsewhere = at(2, |_| {});
    elsewhere.account = Some(other);
    vec![
        plain.clone(),
        elsewhere,
        at(3, |entry| entry.account = None),
        at(4, |entry| entry.action = AuditAction::AutomationDeleted),
        at(5, |entry| entry.action = AuditAction::SessionBegun),
        at(6, |entry| entry.actor = Actor::UNKNOWN),
        at(7, |entry| entry.target = Target::of("auto_2")),
    ]
}

pub async fn entries_are_filtered_by_all_that_a_filter_says(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let (other, _) = scene.another_account(1).await;
    empty(&*store).await;
    let entries = entries_to_filter(&scene, other);
    store.note_audit(entries).await.expect("note_audit");
    let expect = async |change: &dyn Fn(&mut AuditFilter), expected: &[i64]| {
        let mut filter = AuditFilter::default();
        change(&mut filter);
        let found = page(&*store, &filter, 50).await;
        let seconds = found.iter().map(|entry| (entry.at().unix_ms() - BASE_MS) / 1000);
        assert_eq!(seconds.collect::<Vec<_>>(), expected, "{filter:?}");
    };
    let some = |text: &str| Some(text.to_owned());
    let action = ActionPattern::parse;
    expect(&|_| {}, &[7, 6, 5, 4, 3, 2, 1]).await;
    expect(&|filter| filter.account = Some(other), &[2]).await;
    expect(&|filter| filter.action = action("automation.deleted"), &[4]).await;
    expect(
        &|filter| filter.action = action("automation.*"),
        &[7, 6, 4, 3, 2, 1],
    )
    .await;
    expect(&|filter| filter.actor = some("grant_1"), &[7, 5, 4, 3, 2, 1]).await;
    expect(&|filter| filter.actor = some("\0"), &[]).await;
    expect(&|filter| filter.target = some("auto_2"), &[7]).await;
    let between = |filter: &mut AuditFilter| (filter.after, filter.before) = (Some(at(3)), Some(at(5)));
    expect(&between, &[4, 3]).await;
    let of_all = |filter: &mut AuditFilter| {
        filter.account = Some(scene.account);
        filter.action = action("session.begun");
        filter.actor = some("grant_1");
    };
    expect(&of_all, &[5]).await;
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

pub async fn entries_outlive_their_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let entry = entry(&scene, 1);
    store.note_audit(vec![entry.clone()]).await.expect("note_audit");
    assert_eq!(
        store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
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
