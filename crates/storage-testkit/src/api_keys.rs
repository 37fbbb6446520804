//! Promises of [`postrider_storage::ApiKeyStore`].

use std::sync::Arc;

use postrider_model::{ApiKey, IdGenerator};

use super::build::*;
use postrider_storage::{RemoveApiKey, Store};

fn new_api_key(ids: &IdGenerator, s: i64) -> ApiKey {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&s.to_le_bytes());
    sha256[31] = 0xff;
    ApiKey {
        id: ids.api_key(at(s)),
        name: format!("Key „{s}“ \u{1f511}"),
        sha256,
        is_configured: false,
        created_at: at(s),
    }
}

pub async fn api_keys_read_back_oldest_first(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    assert_eq!(store.api_keys().await, Ok(vec![]));
    let keys: Vec<_> = (0..5).map(|s| new_api_key(&ids, s)).collect();
    for n in [3, 0, 4, 1, 2] {
        store.put_api_key(keys[n].clone()).await.expect("put_api_key");
    }
    assert_eq!(store.api_keys().await, Ok(keys));
}

pub async fn a_configured_api_key_replaces_the_one_before_and_no_other(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let created = new_api_key(&ids, 0);
    let configured = |s| ApiKey {
        is_configured: true,
        ..new_api_key(&ids, s)
    };
    let (first, second) = (configured(1), configured(2));
    for key in [&created, &first, &second] {
        store.put_api_key(key.clone()).await.expect("put_api_key");
    }
    let replaced = ApiKey {
        id: first.id,
        ..second
    };
    assert_eq!(store.api_keys().await, Ok(vec![created, replaced]));
}

pub async fn a_deleted_api_key_opens_nothing(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let (first, second) = (new_api_key(&ids, 0), new_api_key(&ids, 1));
    for key in [&first, &second] {
        store.put_api_key(key.clone()).await.expect("put_api_key");
    }
    assert_eq!(store.delete_api_key(first.id).await, Ok(RemoveApiKey::Removed));
    assert_eq!(store.delete_api_key(first.id).await, Ok(RemoveApiKey::Missing));
    assert_eq!(store.api_keys().await, Ok(vec![second]));
}

pub async fn the_last_api_key_stays(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let key = new_api_key(&ids, 0);
    assert_eq!(store.delete_api_key(key.id).await, Ok(RemoveApiKey::Missing));
    store.put_api_key(key.clone()).await.expect("put_api_key");
    assert_eq!(store.delete_api_key(key.id).await, Ok(RemoveApiKey::LastOne));
    let never = ids.api_key(at(1));
    assert_eq!(store.delete_api_key(never).await, Ok(RemoveApiKey::Missing));
    assert_eq!(store.api_keys().await, Ok(vec![key]));
}

pub async fn of_all_api_keys_deleted_at_once_one_stays(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let keys: Vec<_> = (0..8).map(|s| new_api_key(&ids, s)).collect();
    for key in &keys {
        store.put_api_key(key.clone()).await.expect("put_api_key");
    }
    let mut tasks = tokio::task::JoinSet::new();
    for key in keys {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.delete_api_key(key.id).await.expect("delete_api_key") });
    }
    let answers = tasks.join_all().await;
    let removed = answers
        .iter()
        .filter(|answer| **answer == RemoveApiKey::Removed)
        .count();
    assert_eq!((removed, answers.contains(&RemoveApiKey::LastOne)), (7, true));
    assert_eq!(store.api_keys().await.expect("api_keys").len(), 1);
}

pub async fn of_many_first_keys_one_is_added(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let mut tasks = tokio::task::JoinSet::new();
    for s in 0..8 {
        let (store, key) = (Arc::clone(&store), new_api_key(&ids, s));
        tasks.spawn(async move { store.add_first_api_key(key).await.expect("add_first_api_key") });
    }
    let added = tasks.join_all().await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(store.api_keys().await.expect("api_keys").len(), 1);
}
