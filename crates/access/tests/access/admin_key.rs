//! The operator's key: configured, or created at the first start.

use postrider_access::{AdminKey, AdminKeyError, SignIn};
use postrider_model::By;
use postrider_storage::{AuditFilter, PageRequest};

use crate::support::Node;

const FIRST: &str = "f3a9c1d07be24586a1c94e7d3b60f825";
const SECOND: &str = "0b7d1e94c52f4a6e8d3175c0a9e2f648";

#[tokio::test(start_paused = true)]
async fn a_first_key_is_added_once_and_kept_as_a_hash() {
    let node = Node::new();
    assert_eq!(node.access.open(None).await, Ok(AdminKey::Missing));
    let (first, slower) = (node.access.first_key(), node.access.first_key());
    let shown = first.shown().expose();
    assert_eq!((shown.len(), &shown[..4]), (47, "prk_"));
    assert!(node.access.caller_of_key(shown).is_none(), "it is not stored yet");
    assert_eq!(node.access.add_first_key(&first).await, Ok(true));
    assert!(node.access.caller_of_key(shown).is_some());
    assert_eq!(node.access.add_first_key(&slower).await, Ok(false));
    assert!(node.access.caller_of_key(slower.shown().expose()).is_none());
    assert_eq!(node.access.open(None).await, Ok(AdminKey::Existing));
    assert_eq!(node.access.api_keys().await.unwrap().len(), 1);
    assert_eq!(format!("{:?}", first.shown()), "prk_…");
}

#[tokio::test(start_paused = true)]
async fn a_configured_key_replaces_the_previously_configured_one() {
    let node = Node::new();
    for key in [FIRST, SECOND, SECOND] {
        assert_eq!(node.access.open(Some(key)).await, Ok(AdminKey::Configured));
        assert!(node.access.caller_of_key(key).is_some());
    }
    assert!(node.access.caller_of_key(FIRST).is_none());
    let keys = node.access.api_keys().await.unwrap();
    assert_eq!(keys.len(), 1);
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let entries = node.store.audit(&AuditFilter::default(), page).await.unwrap();
    let targets: Vec<_> = entries.items.into_iter().map(|entry| entry.target.id).collect();
    let id = Some(keys[0].id.to_string());
    assert_eq!(targets, [id.clone(), id], "both entries name the key that exists");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_configured_no_more_is_revoked_with_its_sessions() {
    let node = Node::new();
    node.access.open(Some(FIRST)).await.unwrap();
    let SignIn::Begun(token, _) = node.access.sign_in(&By::NODE, FIRST).await.unwrap() else {
        panic!("no session began");
    };
    assert_eq!(node.access.open(None).await, Ok(AdminKey::Missing));
    assert!(node.access.caller_of_key(FIRST).is_none());
    assert_eq!(node.access.session(token.expose()).await, Ok(None));

    node.key("Another").await;
    node.access.open(Some(FIRST)).await.unwrap();
    assert_eq!(node.access.open(None).await, Ok(AdminKey::Existing));
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_short_or_easy_to_guess_are_refused() {
    let node = Node::new();
    for (key, error) in [
        ("", AdminKeyError::Unfit),
        ("a-key-that-is-too-short", AdminKeyError::Unfit),
        ("a key with white space, of 32 b", AdminKeyError::Unfit),
        ("kéy-that-is-not-ascii-at-all", AdminKeyError::Unfit),
        ("changeme-changeme-changeme", AdminKeyError::Weak),
    ] {
        assert_eq!(node.access.open(Some(key)).await, Err(error), "{key}");
    }
    assert_eq!(node.access.api_keys().await.unwrap().len(), 0);
}
