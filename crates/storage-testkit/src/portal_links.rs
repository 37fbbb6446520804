//! Promises of [`postrider_storage::ConsoleStore`] about the sessions that portal links begin.

use std::sync::Arc;

use postrider_model::{Grant, GrantKind, IdGenerator};
use postrider_storage::{BeginSession, PORTAL_LINKS_MAX, PutGrant, SessionLimits, Store};

use super::audit::{ended_sessions, ids_of};
use super::build::*;
use super::grants::{filter, found, new_grant, of_account, of_key, portal_link, put, put_key};
use super::scene::*;

/// A session that this link begins at this second.
fn session_of(link: &Grant, n: u16, s: i64) -> Grant {
    Grant {
        kind: GrantKind::Session,
        link: Some(link.id),
        created_at: at(s),
        expires_at: link.expires_at,
        ..new_grant(n)
    }
}

pub async fn a_portal_link_begins_a_bounded_number_of_sessions(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let link = Grant {
        expires_at: at(3_600),
        ..portal_link(0, account)
    };
    put(&*store, &link).await;
    let limits = SessionLimits {
        live_max: 5,
        per_minute_max: Some(3),
    };
    let mut sessions = Vec::new();
    for n in 1..=8_u16 {
        let minute = i64::from((n - 1) / 3) * 61;
        let session = session_of(&link, n, minute);
        let begun = store.begin_session(session.clone(), limits, audit()).await;
        assert_eq!(begun, Ok(BeginSession::Begun), "{n}");
        sessions.push(session);
        if n % 3 == 0 {
            let surplus = store
                .begin_session(session_of(&link, 100 + n, minute), limits, audit())
                .await;
            assert_eq!(surplus, Ok(BeginSession::TooMany));
        }
    }
    for (n, session) in sessions.iter().enumerate() {
        assert_eq!(
            found(&*store, session, at(200)).await,
            n >= 3,
            "the oldest end: {n}"
        );
    }
    assert_eq!(ended_sessions(&*store).await, ids_of(&sessions[..3]));
}

pub async fn a_link_that_is_gone_begins_no_session(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let link = portal_link(0, account);
    let limits = SessionLimits {
        live_max: 5,
        per_minute_max: Some(3),
    };
    let gone = Ok(BeginSession::OriginGone);
    assert_eq!(
        store
            .begin_session(session_of(&link, 1, 0), limits, audit())
            .await,
        gone
    );
    put(&*store, &link).await;
    assert_eq!(
        store
            .begin_session(session_of(&link, 1, 60), limits, audit())
            .await,
        gone,
        "it has expired"
    );
    let no_link = new_grant(2);
    put(&*store, &no_link).await;
    assert_eq!(
        store
            .begin_session(session_of(&no_link, 3, 0), limits, audit())
            .await,
        gone
    );
}

pub async fn sessions_go_with_their_link_and_no_others(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let (link, another) = (portal_link(0, account), portal_link(1, account));
    put(&*store, &link).await;
    put(&*store, &another).await;
    let limits = SessionLimits {
        live_max: 5,
        per_minute_max: Some(5),
    };
    let (gone, kept) = (session_of(&link, 2, 0), session_of(&another, 3, 0));
    for session in [&gone, &kept] {
        let begun = store.begin_session(session.clone(), limits, audit()).await;
        assert_eq!(begun, Ok(BeginSession::Begun));
    }
    let links = filter(GrantKind::PortalLink, account);
    assert_eq!(store.delete_grant(links, link.id, audit()).await, Ok(true));
    assert!(!found(&*store, &link, at(1)).await);
    assert!(!found(&*store, &gone, at(1)).await);
    assert!(found(&*store, &kept, at(1)).await);
    let orphan = session_of(&link, 4, 0);
    assert_eq!(store.put_grant(orphan, audit()).await, Ok(PutGrant::Gone));
}

pub async fn an_api_key_begins_a_bounded_number_of_sessions_besides_those_of_its_links(
    store: Arc<dyn Store>,
) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let key = put_key(&*store, ids.api_key(at(0)), 1).await;
    let link = Grant {
        api_key: Some(key),
        ..portal_link(0, account)
    };
    put(&*store, &link).await;
    let limits = SessionLimits {
        live_max: 3,
        per_minute_max: None,
    };
    let of_link = Grant {
        api_key: Some(key),
        ..session_of(&link, 1, 0)
    };
    let begun = Ok(BeginSession::Begun);
    assert_eq!(store.begin_session(of_link.clone(), limits, audit()).await, begun);
    let sessions: Vec<_> = (2..7).map(|n| of_key(n, key)).collect();
    for session in &sessions {
        assert_eq!(store.begin_session(session.clone(), limits, audit()).await, begun);
    }
    for (n, session) in sessions.iter().enumerate() {
        assert_eq!(
            found(&*store, session, at(1)).await,
            n >= 2,
            "the oldest end: {n}"
        );
    }
    assert!(found(&*store, &link, at(1)).await && found(&*store, &of_link, at(1)).await);
    let of_nothing = new_grant(8);
    let gone = Ok(BeginSession::OriginGone);
    assert_eq!(store.begin_session(of_nothing, limits, audit()).await, gone);
    let of_unknown = of_key(9, ids.api_key(at(1)));
    assert_eq!(store.begin_session(of_unknown, limits, audit()).await, gone);
}

pub async fn an_account_has_a_bounded_number_of_portal_links(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let another = create_account(&*store, new_account(&ids, 1), new_key(&ids, 1))
        .await
        .id;
    let most = u16::try_from(PORTAL_LINKS_MAX).expect("few");
    let mut tasks = tokio::task::JoinSet::new();
    for part in 0..10 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (part..most).step_by(10) {
                put(&*store, &portal_link(n, account)).await;
            }
        });
    }
    tasks.join_all().await;
    let surplus = portal_link(most, account);
    assert_eq!(store.put_grant(surplus, audit()).await, Ok(PutGrant::TooMany));
    put(&*store, &of_account(most + 1, account)).await;
    put(&*store, &portal_link(most + 2, another)).await;
}
