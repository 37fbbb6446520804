//! Promises of [`postrider_storage::ConsoleStore`].

use std::sync::Arc;

use postrider_model::{
    AccountId, ApiKey, ApiKeyId, Grant, GrantId, GrantKind, IdGenerator, Permission, Permissions, Scope,
    Theme, Timestamp,
};
use tokio::task::JoinSet;

use super::build::*;
use super::scene::*;
use postrider_storage::{
    DeleteObject, EXPIRED_GRANTS_REMOVED_MAX, GrantFilter, PageRequest, PutGrant, RemoveApiKey, Store,
};

/// The `n`-th grant: an operator's session that lasts one minute from the base.
pub(crate) fn new_grant(n: u16) -> Grant {
    let mut sha256 = [0xc0; 32];
    sha256[..2].copy_from_slice(&n.to_be_bytes());
    Grant {
        id: GrantId::from_u128(u128::from(n) + 1),
        sha256,
        kind: GrantKind::Session,
        scope: Scope::All,
        permissions: Permissions::ALL,
        theme: None,
        api_key: None,
        link: None,
        person: None,
        created_at: at(0),
        expires_at: at(60),
    }
}

pub(crate) fn of_account(n: u16, account: AccountId) -> Grant {
    Grant {
        scope: Scope::Account(account),
        permissions: Permissions::of(&[Permission::Read, Permission::Manage]),
        ..new_grant(n)
    }
}

/// The sessions of the operator's staff.
const STAFF_SESSIONS: GrantFilter = GrantFilter {
    kind: GrantKind::Session,
    scope: Scope::All,
};

pub(crate) fn filter(kind: GrantKind, account: AccountId) -> GrantFilter {
    GrantFilter {
        kind,
        scope: Scope::Account(account),
    }
}

/// A portal link of an account that lasts one minute from the base.
pub(crate) fn portal_link(n: u16, account: AccountId) -> Grant {
    Grant {
        kind: GrantKind::PortalLink,
        ..of_account(n, account)
    }
}

pub(crate) fn of_key(n: u16, key: ApiKeyId) -> Grant {
    Grant {
        api_key: Some(key),
        ..new_grant(n)
    }
}

pub(crate) async fn put(store: &dyn Store, grant: &Grant) {
    assert_eq!(store.put_grant(grant.clone(), audit()).await, Ok(PutGrant::Put));
}

pub(crate) async fn found(store: &dyn Store, grant: &Grant, now: Timestamp) -> bool {
    let found = store.grant(&grant.sha256, now).await.expect("grant");
    assert!(found.as_ref().is_none_or(|found| found == grant));
    found.is_some()
}

pub(crate) async fn put_key(store: &dyn Store, id: ApiKeyId, hash: u8) -> ApiKeyId {
    store
        .add_api_key(api_key(id, hash), audit())
        .await
        .expect("add_api_key");
    id
}

async fn put_configured_key(store: &dyn Store, id: ApiKeyId, hash: u8) {
    let key = ApiKey {
        is_configured: true,
        ..api_key(id, hash)
    };
    store
        .configure_api_key(Some(key), audit())
        .await
        .expect("configure_api_key");
}

fn api_key(id: ApiKeyId, hash: u8) -> ApiKey {
    ApiKey {
        id,
        name: "Key".to_owned(),
        prefix: "prk_AbCd".to_owned(),
        sha256: [hash; 32],
        is_configured: false,
        permissions: Permissions::ALL,
        scope: Scope::All,
        created_at: at(0),
        expires_at: None,
        last_used_at: None,
    }
}

pub async fn every_grant_reads_back_as_it_was_put(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let key = put_key(&*store, ids.api_key(at(0)), 1).await;
    let link = Grant {
        kind: GrantKind::PortalLink,
        ..of_account(0, account)
    };
    put(&*store, &link).await;
    let mut grants = Vec::new();
    for kind in GrantKind::ALL {
        for scope in [Scope::All, Scope::Account(account)] {
            for theme in [None, Some(Theme::Light), Some(Theme::Dark)] {
                for (api_key, link) in [(None, None), (Some(key), Some(link.id))] {
                    let n = u16::try_from(grants.len()).expect("few") + 1;
                    grants.push(Grant {
                        kind,
                        scope,
                        permissions: Permissions::from_code(u8::try_from(n % 32).expect("few"))
                            .expect("permissions"),
                        theme,
                        api_key,
                        link,
                        created_at: at(i64::from(n)),
                        ..new_grant(n)
                    });
                }
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
            store.take_grant(&grant.sha256, at(0), audit()).await,
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
    assert_eq!(store.take_grant(&grant.sha256, end, audit()).await, Ok(None));
    assert_eq!(
        store.take_grant(&grant.sha256, last, audit()).await,
        Ok(Some(grant))
    );
}

pub async fn of_many_who_take_a_grant_one_gets_it(store: Arc<dyn Store>) {
    let (grant, other) = (new_grant(0), new_grant(1));
    put(&*store, &grant).await;
    put(&*store, &other).await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, sha256) = (Arc::clone(&store), grant.sha256);
        tasks.spawn(async move {
            store
                .take_grant(&sha256, at(1), audit())
                .await
                .expect("take_grant")
        });
    }
    let taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, std::slice::from_ref(&grant));
    assert!(!found(&*store, &grant, at(1)).await);
    assert!(found(&*store, &other, at(1)).await);
}

pub async fn a_deleted_grant_is_gone(store: Arc<dyn Store>) {
    let (grant, other) = (new_grant(0), new_grant(1));
    assert_eq!(
        store.delete_grant(STAFF_SESSIONS, grant.id, audit()).await,
        Ok(false)
    );
    put(&*store, &grant).await;
    put(&*store, &other).await;
    let links = GrantFilter {
        kind: GrantKind::PortalLink,
        ..STAFF_SESSIONS
    };
    assert_eq!(store.delete_grant(links, grant.id, audit()).await, Ok(false));
    assert_eq!(
        store.delete_grant(STAFF_SESSIONS, grant.id, audit()).await,
        Ok(true)
    );
    assert_eq!(
        store.delete_grant(STAFF_SESSIONS, grant.id, audit()).await,
        Ok(false)
    );
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
    assert_eq!(
        store.delete_account(account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
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
    assert_eq!(
        store.delete_api_key(key, audit()).await,
        Ok(RemoveApiKey::Removed)
    );
    for grant in &gone {
        assert!(!found(&*store, grant, at(1)).await);
    }
    assert_eq!(
        store.delete_api_key(another, audit()).await,
        Ok(RemoveApiKey::LastAdmin)
    );
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
        assert_eq!(store.put_grant(grant.clone(), audit()).await, Ok(PutGrant::Gone));
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

async fn listed(store: &dyn Store, filter: GrantFilter, now: Timestamp) -> Vec<Grant> {
    let mut page = PageRequest {
        limit: 2,
        after: None,
    };
    let mut all = Vec::new();
    loop {
        let found = store.grants(filter, now, page).await.expect("grants");
        all.extend(found.items);
        match found.next {
            Some(next) => page.after = Some(next),
            None => return all,
        }
    }
}

pub async fn grants_are_listed_by_kind_and_scope(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let another = create_account(&*store, new_account(&ids, 1), new_key(&ids, 1))
        .await
        .id;
    let staff: Vec<_> = (0..5).map(new_grant).collect();
    let links: Vec<_> = (10..13).map(|n| portal_link(n, account)).collect();
    let sessions: Vec<_> = (20..23).map(|n| of_account(n, account)).collect();
    let foreign = portal_link(30, another);
    for grant in staff.iter().chain(&links).chain(&sessions).chain([&foreign]) {
        put(&*store, grant).await;
    }
    let newest_first = |grants: &[Grant]| grants.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(listed(&*store, STAFF_SESSIONS, at(1)).await, newest_first(&staff));
    let links_of = |account| filter(GrantKind::PortalLink, account);
    assert_eq!(
        listed(&*store, links_of(account), at(1)).await,
        newest_first(&links)
    );
    let sessions_of = filter(GrantKind::Session, account);
    assert_eq!(listed(&*store, sessions_of, at(1)).await, newest_first(&sessions));
    assert_eq!(listed(&*store, links_of(another), at(1)).await, [foreign]);
    assert_eq!(
        listed(&*store, sessions_of, at(60)).await,
        [],
        "they have expired"
    );
}

pub async fn grants_of_one_filter_are_deleted_together(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let link = portal_link(0, account);
    let staff = new_grant(1);
    let sessions = [of_account(2, account), of_account(3, account)];
    for grant in [&link, &staff].into_iter().chain(&sessions) {
        put(&*store, grant).await;
    }
    let of_account = filter(GrantKind::Session, account);
    assert_eq!(store.delete_grants(of_account, audit()).await, Ok(2));
    assert_eq!(store.delete_grants(of_account, audit()).await, Ok(0));
    for grant in [&link, &staff] {
        assert!(found(&*store, grant, at(1)).await);
    }
}
