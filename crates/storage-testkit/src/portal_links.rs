//! Promises of [`postrider_storage::ConsoleStore`] about the sessions that portal links begin.

use std::sync::Arc;

use postrider_model::{Grant, GrantKind, IdGenerator};
use postrider_storage::{BeginSession, SessionLimits, Store};

use super::build::*;
use super::grants::{filter, found, new_grant, portal_link, put};
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
        per_minute_max: 3,
    };
    let mut sessions = Vec::new();
    for n in 1..=8_u16 {
        let minute = i64::from((n - 1) / 3) * 61;
        let session = session_of(&link, n, minute);
        let begun = store.begin_session(session.clone(), limits).await;
        assert_eq!(begun, Ok(BeginSession::Begun), "{n}");
        sessions.push(session);
        if n % 3 == 0 {
            let surplus = store
                .begin_session(session_of(&link, 100 + n, minute), limits)
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
}

pub async fn a_link_that_is_gone_begins_no_session(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let link = portal_link(0, account);
    let limits = SessionLimits {
        live_max: 5,
        per_minute_max: 3,
    };
    let gone = Ok(BeginSession::LinkGone);
    assert_eq!(store.begin_session(session_of(&link, 1, 0), limits).await, gone);
    put(&*store, &link).await;
    assert_eq!(
        store.begin_session(session_of(&link, 1, 60), limits).await,
        gone,
        "it has expired"
    );
    let no_link = new_grant(2);
    put(&*store, &no_link).await;
    assert_eq!(
        store.begin_session(session_of(&no_link, 3, 0), limits).await,
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
        per_minute_max: 5,
    };
    let (gone, kept) = (session_of(&link, 2, 0), session_of(&another, 3, 0));
    for session in [&gone, &kept] {
        let begun = store.begin_session(session.clone(), limits).await;
        assert_eq!(begun, Ok(BeginSession::Begun));
    }
    let links = filter(GrantKind::PortalLink, account);
    assert_eq!(store.delete_grant(links, link.id).await, Ok(true));
    assert!(!found(&*store, &link, at(1)).await);
    assert!(!found(&*store, &gone, at(1)).await);
    assert!(found(&*store, &kept, at(1)).await);
    let orphan = session_of(&link, 4, 0);
    assert_eq!(store.put_grant(orphan).await, Ok(false));
}
