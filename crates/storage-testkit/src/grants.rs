//! Promises of [`postrider_storage::ConsoleStore`].

use std::sync::Arc;

use postrider_model::{
    AccountId, ApiKey, ApiKeyId, Grant, GrantKind, IdGenerator, Theme, Timestamp, Visitor,
};
use tokio::task::JoinSet;

use super::build::*;
use super::scene::*;
use postrider_storage::{EXPIRED_GRANTS_REMOVED_MAX, RemoveApiKey, Store};

/// The `n`-th grant: an operator's session that lasts one minute from the base.
fn new_grant(n: u16) -> Grant {
    let mut sha256 = [0xc0; 32];
    sha256[..2].copy_from_slice(&n.to_be_bytes());
    Grant {
        sha256,
        kind: GrantKind::Session,
        visitor: Visitor::Operator,
        api_key: None,
        created_at: at(0),
        expires_at: at(60),
    }
}

fn of_account(n: u16, account: AccountId) -> Grant {
    Grant {
        visitor: Visitor::Customer {
            account,
            read_only: false,
            theme: None,
        },
        ..new_grant(n)
    }
}

fn of_key(n: u16, key: ApiKeyId) -> Grant {
    Grant {
        api_key: Some(key),
        ..new_grant(n)
    }
}

async fn put(store: &dyn Store, grant: &Grant) {
    assert_eq!(store.put_grant(grant.clone()).await, Ok(true));
}

async fn found(store: &dyn Store, grant: &Grant, now: Timestamp) -> bool {
    let found = store.grant(&grant.sha256, now).await.expect("grant");
    assert!(found.as_ref().is_none_or(|found| found == grant));
    found.is_some()
}

async fn put_key(store: &dyn Store, id: ApiKeyId, hash: u8) -> ApiKeyId {
    let key = api_key(id, hash);
    store.put_api_key(key).await.expect("put_api_key");
    id
}

async fn put_configured_key(store: &dyn Store, id: ApiKeyId, hash: u8) {
    let key = ApiKey {
        is_configured: true,
        ..api_key(id, hash)
    };
    store.put_api_key(key).await.expect("put_api_key");
}

fn api_key(id: ApiKeyId, hash: u8) -> ApiKey {
    ApiKey {
        id,
        name: "Key".to_owned(),
        sha256: [hash; 32],
        is_configured: false,
        created_at: at(0),
    }
}

pub async fn every_grant_reads_back_as_it_was_put(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let key = put_key(&*store, ids.api_key(at(0)), 1).await;
    let mut visitors = vec![Visitor::Operator];
    for read_only in [false, true] {
        for theme in [None, Some(Theme::Light), Some(Theme::Dark)] {
            visitors.push(Visitor::Customer {
                account,
                read_only,
                theme,
            });
        }
    }
    let mut grants = Vec::new();
    for kind in GrantKind::ALL {
        for visitor in &visitors {
            for api_key in [None, Some(key)] {
                let n = u16::try_from(grants.len()).expect("few");
                grants.push(Grant {
                    kind,
                    visitor: *visitor,
                    api_key,
                    created_at: at(i64::from(n)),
                    ..new_grant(n)
                });
            }
        }
    }
    for grant in &grants {
        put(&*store, grant).await;
    }
    for grant in &grants {
        let read = store.grant(&grant.sha256, at(0)).await;
        assert_eq!(read, Ok(Some(grant.clone())));
        assert_eq!(
            store.take_grant(&grant.sha256, at(0)).await,
            read,
            "and is taken so"
        );
    }
}

pub async fn an_expired_grant_is_none(store: Arc<dyn Store>) {
    let grant = new_grant(0);
    put(&*store, &grant).await;
    let (last, end) = (Timestamp::from_unix_ms(at(60).unix_ms() - 1), at(60));
    assert!(found(&*store, &grant, last).await);
    assert!(!found(&*store, &grant, end).await);
    assert_eq!(store.take_grant(&grant.sha256, end).await, Ok(None));
    assert_eq!(store.take_grant(&grant.sha256, last).await, Ok(Some(grant)));
}

pub async fn of_many_who_take_a_grant_one_gets_it(store: Arc<dyn Store>) {
    let (grant, other) = (new_grant(0), new_grant(1));
    put(&*store, &grant).await;
    put(&*store, &other).await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, sha256) = (Arc::clone(&store), grant.sha256);
        tasks.spawn(async move { store.take_grant(&sha256, at(1)).await.expect("take_grant") });
    }
    let taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, std::slice::from_ref(&grant));
    assert!(!found(&*store, &grant, at(1)).await);
    assert!(found(&*store, &other, at(1)).await);
}

pub async fn a_deleted_grant_is_gone(store: Arc<dyn Store>) {
    let (grant, other) = (new_grant(0), new_grant(1));
    assert_eq!(store.delete_grant(&grant.sha256).await, Ok(false));
    put(&*store, &grant).await;
    put(&*store, &other).await;
    assert_eq!(store.delete_grant(&grant.sha256).await, Ok(true));
    assert_eq!(store.delete_grant(&grant.sha256).await, Ok(false));
    assert!(!found(&*store, &grant, at(1)).await);
    assert!(found(&*store, &other, at(1)).await);
}

pub async fn grants_go_with_their_account_and_no_others(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let another = create_account(&*store, new_account(&ids, 1), new_key(&ids, 1))
        .await
        .id;
    let gone = [of_account(0, account), of_account(1, account)];
    let kept = [of_account(2, another), new_grant(3)];
    for grant in gone.iter().chain(&kept) {
        put(&*store, grant).await;
    }
    assert_eq!(store.delete_account(account).await, Ok(true));
    for grant in &gone {
        assert!(!found(&*store, grant, at(1)).await);
    }
    for grant in &kept {
        assert!(found(&*store, grant, at(1)).await);
    }
}

pub async fn grants_go_with_their_api_key_and_no_others(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let key = put_key(&*store, ids.api_key(at(0)), 1).await;
    let another = put_key(&*store, ids.api_key(at(1)), 2).await;
    let gone = [of_key(0, key), of_key(1, key)];
    let kept = [of_key(2, another), new_grant(3)];
    for grant in gone.iter().chain(&kept) {
        put(&*store, grant).await;
    }
    assert_eq!(store.delete_api_key(key).await, Ok(RemoveApiKey::Removed));
    for grant in &gone {
        assert!(!found(&*store, grant, at(1)).await);
    }
    assert_eq!(store.delete_api_key(another).await, Ok(RemoveApiKey::LastOne));
    for grant in &kept {
        assert!(found(&*store, grant, at(1)).await);
    }
}

pub async fn another_configured_api_key_ends_the_grants_of_the_one_before(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let key = ids.api_key(at(0));
    put_configured_key(&*store, key, 1).await;
    let another = put_key(&*store, ids.api_key(at(1)), 2).await;
    let (grant, kept) = (of_key(0, key), of_key(1, another));
    put(&*store, &grant).await;
    put(&*store, &kept).await;
    put_configured_key(&*store, ids.api_key(at(2)), 1).await;
    assert!(found(&*store, &grant, at(1)).await, "it is the same key");
    put_configured_key(&*store, ids.api_key(at(3)), 3).await;
    assert!(!found(&*store, &grant, at(1)).await);
    assert!(found(&*store, &kept, at(1)).await);
}

pub async fn no_grant_is_put_for_an_account_or_an_api_key_that_is_gone(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    for grant in [of_account(0, ids.account(at(0))), of_key(1, ids.api_key(at(0)))] {
        assert_eq!(store.put_grant(grant.clone()).await, Ok(false));
        assert!(!found(&*store, &grant, at(1)).await);
    }
}

pub async fn putting_a_grant_removes_a_bounded_number_of_expired_ones(store: Arc<dyn Store>) {
    let surplus = 20;
    let expired: Vec<_> = (0..u16::try_from(EXPIRED_GRANTS_REMOVED_MAX).expect("few") + surplus)
        .map(new_grant)
        .collect();
    for grant in &expired {
        put(&*store, grant).await;
    }
    let lasting = Grant {
        expires_at: at(3_600),
        ..new_grant(u16::MAX)
    };
    put(&*store, &lasting).await;
    for (n, left) in [(0, usize::from(surplus)), (1, 0)] {
        let newer = Grant {
            created_at: at(60),
            expires_at: at(120),
            ..new_grant(u16::MAX - 1 - n)
        };
        put(&*store, &newer).await;
        let mut kept = 0;
        for grant in &expired {
            // Reads at a time before they expire, to see whether they still exist.
            kept += usize::from(found(&*store, grant, at(1)).await);
        }
        assert_eq!(kept, left);
        assert!(found(&*store, &newer, at(60)).await);
    }
    assert!(found(&*store, &lasting, at(60)).await);
}
