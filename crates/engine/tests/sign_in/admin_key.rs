//! How an installation comes to its first key.

use postrider_engine::{AdminKey, AdminKeyError, ApiKeys, ensure_admin_key};
use postrider_model::Timestamp;
use postrider_storage::Store;

use crate::support::store;

const NOW: Timestamp = Timestamp::from_unix_ms(0);

async fn ensure(store: &dyn Store, given: Option<&str>) -> Result<AdminKey, AdminKeyError> {
    ensure_admin_key(store, given, [7; 32], NOW).await
}

async fn admits(store: &dyn Store, key: &str) -> bool {
    ApiKeys::load(store).await.unwrap().admit(key).is_some()
}

#[tokio::test]
async fn a_key_is_made_once_and_kept_as_a_hash() {
    let (store, _folder) = store();
    let AdminKey::Made(key) = ensure(&store, None).await.unwrap() else {
        panic!("no key was made");
    };
    assert_eq!((key.expose().len(), &key.expose()[..4]), (47, "prk_"));
    assert!(admits(&store, key.expose()).await);
    assert_eq!(ensure(&store, None).await.unwrap(), AdminKey::Existing);
    assert_eq!(store_keys(&store).await, 1);
}

#[tokio::test]
async fn a_given_key_replaces_the_one_given_before() {
    let (store, _folder) = store();
    for key in ["first-key-of-ours", "second-key-of-ours", "second-key-of-ours"] {
        assert_eq!(ensure(&store, Some(key)).await.unwrap(), AdminKey::Given);
        assert!(admits(&store, key).await);
    }
    assert!(!admits(&store, "first-key-of-ours").await);
    assert_eq!(ensure(&store, None).await.unwrap(), AdminKey::Existing);
    assert_eq!(store_keys(&store).await, 1);
}

#[tokio::test]
async fn keys_that_are_too_short_or_no_header_value_are_refused() {
    let (store, _folder) = store();
    for key in [
        "",
        "fifteen-bytes--",
        "a key with white space",
        "kéy-that-is-not-ascii",
    ] {
        assert_eq!(
            ensure(&store, Some(key)).await,
            Err(AdminKeyError::Unfit),
            "{key}"
        );
    }
    assert_eq!(store_keys(&store).await, 0);
}

async fn store_keys(store: &dyn Store) -> usize {
    store.api_keys().await.unwrap().len()
}
