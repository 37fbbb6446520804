//! How an installation gets its first key.

use postrider_access::{FirstKey, FirstKeyError};

use crate::support::Node;

#[tokio::test(start_paused = true)]
async fn a_key_is_created_once_and_kept_as_a_hash() {
    let node = Node::new();
    let FirstKey::Created(key) = node.access.open(None).await.unwrap() else {
        panic!("no key was created");
    };
    assert_eq!((key.expose().len(), &key.expose()[..4]), (47, "prk_"));
    assert!(node.access.caller_of_key(key.expose()).is_some());
    assert_eq!(node.access.open(None).await, Ok(FirstKey::Existing));
    assert_eq!(node.access.api_keys().await.unwrap().len(), 1);
    assert_eq!(
        format!("{:?}", FirstKey::Created(key)),
        "Created(prk_…)",
        "a key that was created does not print"
    );
}

#[tokio::test(start_paused = true)]
async fn a_configured_key_replaces_the_previously_configured_one() {
    let node = Node::new();
    for key in ["first-key-of-ours", "second-key-of-ours", "second-key-of-ours"] {
        assert_eq!(node.access.open(Some(key)).await, Ok(FirstKey::Configured));
        assert!(node.access.caller_of_key(key).is_some());
    }
    assert!(node.access.caller_of_key("first-key-of-ours").is_none());
    assert_eq!(node.access.open(None).await, Ok(FirstKey::Existing));
    assert_eq!(node.access.api_keys().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_short_or_invalid_as_a_header_are_refused() {
    let node = Node::new();
    for key in [
        "",
        "fifteen-bytes--",
        "a key with white space",
        "kéy-that-is-not-ascii",
    ] {
        assert_eq!(
            node.access.open(Some(key)).await,
            Err(FirstKeyError::Unfit),
            "{key}"
        );
    }
    assert_eq!(node.access.api_keys().await.unwrap().len(), 0);
}
