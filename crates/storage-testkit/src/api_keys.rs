//! Promises of [`postrider_storage::ApiKeyStore`].

use std::sync::Arc;

use postrider_model::{ApiKey, IdGenerator, Permission, Permissions, Scope};

use super::build::*;
use super::scene::*;
use postrider_storage::{AddApiKey, DeleteObject, RemoveApiKey, Store};

pub(crate) fn new_api_key(ids: &IdGenerator, s: i64) -> ApiKey {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&s.to_le_bytes());
    sha256[31] = 0xff;
    ApiKey {
        id: ids.api_key(at(s)),
        name: format!("Key „{s}“ \u{1f511}"),
        prefix: format!("prk_{s:04}"),
        sha256,
        is_configured: false,
        permissions: Permissions::ALL,
        scope: Scope::All,
        created_at: at(s),
        expires_at: None,
        last_used_at: None,
    }
}

pub(crate) async fn add(store: &dyn Store, key: &ApiKey) {
    assert_eq!(
        store.add_api_key(key.clone(), audit()).await,
        Ok(AddApiKey::Added)
    );
}

pub async fn api_keys_read_back_oldest_first(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    assert_eq!(store.api_keys().await, Ok(vec![]));
    let keys: Vec<_> = (0..5).map(|s| new_api_key(&ids, s)).collect();
    for n in [3, 0, 4, 1, 2] {
        add(&*store, &keys[n]).await;
    }
    assert_eq!(store.api_keys().await, Ok(keys));
}

pub async fn api_keys_keep_permissions_account_and_times(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0)).await;
    let mut keys = vec![new_api_key(&ids, 0)];
    for (s, permission) in (1..).zip(Permission::ALL) {
        keys.push(ApiKey {
            permissions: Permissions::of(&[permission]),
            scope: Scope::Account(account.id),
            expires_at: Some(at(s + 100)),
            ..new_api_key(&ids, s)
        });
    }
    for key in &keys {
        add(&*store, key).await;
    }
    assert_eq!(store.api_keys().await, Ok(keys.clone()));
    assert_eq!(
        store.delete_account(account.id, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    keys.truncate(1);
    assert_eq!(store.api_keys().await, Ok(keys));
}

pub async fn no_api_key_is_added_for_an_account_that_is_gone(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let key = ApiKey {
        scope: Scope::Account(ids.account(at(0))),
        ..new_api_key(&ids, 0)
    };
    assert_eq!(
        store.add_api_key(key, audit()).await,
        Ok(AddApiKey::AccountMissing)
    );
    assert_eq!(store.api_keys().await, Ok(vec![]));
}

pub async fn the_last_use_of_an_api_key_never_goes_back(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let (used, unused) = (new_api_key(&ids, 0), new_api_key(&ids, 1));
    for key in [&used, &unused] {
        add(&*store, key).await;
    }
    let never = ids.api_key(at(2));
    for (s, noted) in [(10, 10), (5, 10), (11, 11)] {
        let uses = vec![(used.id, at(s)), (never, at(s))];
        assert_eq!(store.note_api_key_uses(uses).await, Ok(()));
        let keys = store.api_keys().await.expect("api_keys");
        let uses: Vec<_> = keys.iter().map(|key| key.last_used_at).collect();
        assert_eq!(uses, [Some(at(noted)), None]);
    }
}

pub async fn a_configured_api_key_replaces_the_one_before_and_no_other(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let created = new_api_key(&ids, 0);
    add(&*store, &created).await;
    let configured = |s| ApiKey {
        is_configured: true,
        prefix: String::new(),
        ..new_api_key(&ids, s)
    };
    let (first, second) = (configured(1), configured(2));
    for key in [&first, &second] {
        let configure = store.configure_api_key(Some(key.clone()), audit());
        configure.await.expect("configure_api_key");
    }
    let replaced = ApiKey {
        id: first.id,
        ..second
    };
    assert_eq!(store.api_keys().await, Ok(vec![created.clone(), replaced]));
    store
        .configure_api_key(None, audit())
        .await
        .expect("configure_api_key");
    assert_eq!(store.api_keys().await, Ok(vec![created]));
}

pub async fn a_deleted_api_key_opens_nothing(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let (first, second) = (new_api_key(&ids, 0), new_api_key(&ids, 1));
    for key in [&first, &second] {
        add(&*store, key).await;
    }
    assert_eq!(
        store.delete_api_key(first.id, audit()).await,
        Ok(RemoveApiKey::Removed)
    );
    assert_eq!(
        store.delete_api_key(first.id, audit()).await,
        Ok(RemoveApiKey::Missing)
    );
    assert_eq!(store.api_keys().await, Ok(vec![second]));
}

pub async fn the_last_permanent_admin_key_stays(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let key = new_api_key(&ids, 0);
    assert_eq!(
        store.delete_api_key(key.id, audit()).await,
        Ok(RemoveApiKey::Missing)
    );
    add(&*store, &key).await;
    assert_eq!(
        store.delete_api_key(key.id, audit()).await,
        Ok(RemoveApiKey::LastAdmin)
    );
    let never = ids.api_key(at(1));
    assert_eq!(
        store.delete_api_key(never, audit()).await,
        Ok(RemoveApiKey::Missing)
    );
    let others = [
        ApiKey {
            permissions: Permissions::of(&[Permission::Manage, Permission::Read]),
            ..new_api_key(&ids, 2)
        },
        ApiKey {
            expires_at: Some(at(100)),
            ..new_api_key(&ids, 3)
        },
    ];
    for other in &others {
        add(&*store, other).await;
    }
    assert_eq!(
        store.delete_api_key(key.id, audit()).await,
        Ok(RemoveApiKey::LastAdmin)
    );
    for other in others {
        assert_eq!(
            store.delete_api_key(other.id, audit()).await,
            Ok(RemoveApiKey::Removed)
        );
    }
    assert_eq!(store.api_keys().await, Ok(vec![key]));
}

pub async fn of_all_api_keys_deleted_at_once_one_stays(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let keys: Vec<_> = (0..8).map(|s| new_api_key(&ids, s)).collect();
    for key in &keys {
        add(&*store, key).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for key in keys {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            store
                .delete_api_key(key.id, audit())
                .await
                .expect("delete_api_key")
        });
    }
    let answers = tasks.join_all().await;
    let removed = answers
        .iter()
        .filter(|answer| **answer == RemoveApiKey::Removed)
        .count();
    assert_eq!((removed, answers.contains(&RemoveApiKey::LastAdmin)), (7, true));
    assert_eq!(store.api_keys().await.expect("api_keys").len(), 1);
}

pub async fn of_many_first_keys_one_is_added(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let mut tasks = tokio::task::JoinSet::new();
    for s in 0..8 {
        let (store, key) = (Arc::clone(&store), new_api_key(&ids, s));
        tasks.spawn(async move {
            store
                .add_first_api_key(key, audit())
                .await
                .expect("add_first_api_key")
        });
    }
    let added = tasks.join_all().await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(store.api_keys().await.expect("api_keys").len(), 1);
}
