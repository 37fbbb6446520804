//! API keys that are created and deleted while the node runs.

use postrider_model::{Caller, Permissions, Scope, Who};
use postrider_storage::{ChangeFollower as _, Changed, RemoveApiKey};

use crate::support::Node;

async fn names(node: &Node) -> Vec<String> {
    let keys = node.access.api_keys().await.unwrap();
    keys.into_iter().map(|key| key.name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_opens_the_api_from_its_creation_until_its_deletion() {
    let node = Node::new();
    let access = &node.access;
    let (first, shown) = access.create_api_key("CI".parse().unwrap()).await.unwrap();
    let caller = Caller {
        who: Who::ApiKey(first.id),
        scope: Scope::All,
        permissions: Permissions::ALL,
    };
    assert_eq!(access.caller_of_key(shown.expose()), Some(caller));
    assert_eq!(names(&node).await, ["CI"]);

    let (second, other) = access.create_api_key("Staff".parse().unwrap()).await.unwrap();
    assert_eq!(access.delete_api_key(first.id).await, Ok(RemoveApiKey::Removed));
    assert_eq!(access.caller_of_key(shown.expose()), None);
    assert_eq!(access.delete_api_key(first.id).await, Ok(RemoveApiKey::Missing));
    let found = access.caller_of_key(other.expose()).map(|caller| caller.who);
    assert_eq!(found, Some(Who::ApiKey(second.id)));

    access.changed_elsewhere(None).await.unwrap();
    assert!(access.caller_of_key(other.expose()).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_last_key_is_not_deleted() {
    let node = Node::new();
    let (key, shown) = node.access.create_api_key("Only".parse().unwrap()).await.unwrap();
    assert_eq!(
        node.access.delete_api_key(key.id).await,
        Ok(RemoveApiKey::LastOne)
    );
    assert!(node.access.caller_of_key(shown.expose()).is_some());
    assert_eq!(names(&node).await, ["Only"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_deleted_on_another_node_is_refused_once_this_node_learns_of_it() {
    let node = Node::new();
    let access = &node.access;
    let (deleted, shown) = access.create_api_key("Deleted".parse().unwrap()).await.unwrap();
    access.create_api_key("Kept".parse().unwrap()).await.unwrap();
    node.store.delete_api_key(deleted.id).await.unwrap();
    access
        .changed_elsewhere(Some(&[Changed::EventTypes]))
        .await
        .unwrap();
    assert!(access.caller_of_key(shown.expose()).is_some());
    access.changed_elsewhere(Some(&[Changed::ApiKeys])).await.unwrap();
    assert_eq!(access.caller_of_key(shown.expose()), None);
}
