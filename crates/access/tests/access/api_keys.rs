//! API keys that are created and deleted while the node runs.

use crate::support::audit;
use postrider_model::By;
use std::time::Duration;

use postrider_access::{ApiKeyDraft, CreateApiKeyError};
use postrider_model::{Caller, Permission, Permissions, Scope, Who};
use postrider_storage::{ChangeFollower as _, Changed, DeleteObject, RemoveApiKey};
use tokio::time::advance;

use crate::support::{Node, draft};

async fn names(node: &Node) -> Vec<String> {
    let keys = node.access.api_keys().await.unwrap();
    keys.into_iter().map(|key| key.name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_opens_the_api_from_its_creation_until_its_deletion() {
    let node = Node::new();
    let access = &node.access;
    let (first, shown) = node.key("CI").await;
    let caller = Caller {
        who: Who::ApiKey(first.id),
        scope: Scope::All,
        permissions: Permissions::ALL,
    };
    assert_eq!(access.caller_of_key(shown.expose()), Some(caller));
    assert_eq!(names(&node).await, ["CI"]);

    let (second, other) = node.key("Staff").await;
    assert_eq!(
        access.delete_api_key(&By::NODE, first.id).await,
        Ok(RemoveApiKey::Removed)
    );
    assert_eq!(access.caller_of_key(shown.expose()), None);
    assert_eq!(
        access.delete_api_key(&By::NODE, first.id).await,
        Ok(RemoveApiKey::Missing)
    );
    let found = access.caller_of_key(other.expose()).map(|caller| caller.who);
    assert_eq!(found, Some(Who::ApiKey(second.id)));

    access.changed_elsewhere(None).await.unwrap();
    assert!(access.caller_of_key(other.expose()).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_last_key_is_not_deleted() {
    let node = Node::new();
    let (key, shown) = node.key("Only").await;
    assert_eq!(
        node.access.delete_api_key(&By::NODE, key.id).await,
        Ok(RemoveApiKey::LastAdmin)
    );
    assert!(node.access.caller_of_key(shown.expose()).is_some());
    assert_eq!(names(&node).await, ["Only"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_deleted_on_another_node_is_refused_once_this_node_learns_of_it() {
    let node = Node::new();
    let access = &node.access;
    let (deleted, shown) = node.key("Deleted").await;
    node.key("Kept").await;
    node.store.delete_api_key(deleted.id, audit()).await.unwrap();
    access
        .changed_elsewhere(Some(&[Changed::EventTypes]))
        .await
        .unwrap();
    assert!(access.caller_of_key(shown.expose()).is_some());
    access.changed_elsewhere(Some(&[Changed::ApiKeys])).await.unwrap();
    assert_eq!(access.caller_of_key(shown.expose()), None);
}

#[tokio::test(start_paused = true)]
async fn a_scoped_key_gives_its_account_and_permissions_until_it_expires() {
    let node = Node::new();
    let account = node.account().await;
    let hour = Duration::from_secs(3600);
    let poster = ApiKeyDraft {
        permissions: vec![Permission::EventsWrite],
        account: Some(account),
        expires_at: Some(node.now().after(hour)),
        ..draft("Poster")
    };
    let (key, shown) = node.access.create_api_key(&By::NODE, poster).await.unwrap();
    assert_eq!(key.prefix, shown.expose()[..8]);
    let caller = node.access.caller_of_key(shown.expose()).unwrap();
    assert_eq!(caller.scope, Scope::Account(account));
    assert_eq!(caller.permissions, Permissions::of(&[Permission::EventsWrite]));
    advance(hour - Duration::from_millis(1)).await;
    assert!(node.access.caller_of_key(shown.expose()).is_some());
    advance(Duration::from_millis(1)).await;
    assert_eq!(node.access.caller_of_key(shown.expose()), None);
}

#[tokio::test(start_paused = true)]
async fn no_key_is_created_for_an_account_that_does_not_exist() {
    let node = Node::new();
    let account = node.account().await;
    assert_eq!(
        node.store.delete_account(account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    let orphan = ApiKeyDraft {
        permissions: vec![Permission::Read],
        account: Some(account),
        ..draft("Orphan")
    };
    let created = node.access.create_api_key(&By::NODE, orphan).await;
    assert_eq!(created.unwrap_err(), CreateApiKeyError::AccountMissing);
}

#[tokio::test(start_paused = true)]
async fn the_last_use_is_shown_at_once_and_stored_within_a_minute() {
    let node = Node::new();
    let (_, shown) = node.key("Used").await;
    let notes = node.access.note_uses();
    let stored = async || node.store.api_keys().await.unwrap()[0].last_used_at;
    let used_at = node.now();
    assert!(node.access.caller_of_key(shown.expose()).is_some());
    assert_eq!(
        node.access.api_keys().await.unwrap()[0].last_used_at,
        Some(used_at)
    );
    assert_eq!(stored().await, None);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(stored().await, Some(used_at));
    let again = node.now();
    assert!(node.access.caller_of_key(shown.expose()).is_some());
    notes.stop().await;
    assert_eq!(stored().await, Some(again), "a stop stores the last uses");
}
