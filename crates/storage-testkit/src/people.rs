//! Promises of [`postrider_storage::ConsoleStore`] about the sessions of people.

use std::sync::Arc;

use postrider_model::{Grant, IdGenerator, Person};
use postrider_storage::{BeginSession, PermittedSessions, SessionLimits, Store};

use super::audit::{ended_sessions, ids_of};
use super::build::*;
use super::grants::{found, new_grant, of_key, portal_link, put, put_key};
use super::scene::*;

const ISSUER: &str = "https://id.example";

/// A session of this person at this issuer.
fn session_of(n: u16, issuer: &str, subject: &str) -> Grant {
    let email = n.is_multiple_of(2).then_some("zoe@example.com");
    let person = Person::new(issuer.to_owned(), subject.to_owned(), ["Zoë Müller"], email);
    Grant {
        person: Some(Arc::new(person)),
        ..new_grant(n)
    }
}

pub async fn a_person_begins_a_bounded_number_of_sessions(store: Arc<dyn Store>) {
    let limits = SessionLimits {
        live_max: 3,
        per_minute_max: None,
    };
    let others = [
        session_of(10, ISSUER, "u2"),
        session_of(11, "https://other.example", "u1"),
    ];
    for session in &others {
        assert_eq!(
            store.begin_session(session.clone(), limits, audit()).await,
            Ok(BeginSession::Begun)
        );
    }
    let sessions: Vec<_> = (0..5).map(|n| session_of(n, ISSUER, "u1")).collect();
    for session in &sessions {
        assert_eq!(
            store.begin_session(session.clone(), limits, audit()).await,
            Ok(BeginSession::Begun)
        );
    }
    for (n, session) in sessions.iter().enumerate() {
        assert_eq!(
            found(&*store, session, at(1)).await,
            n >= 2,
            "the oldest end: {n}"
        );
    }
    assert_eq!(ended_sessions(&*store).await, ids_of(&sessions[..2]));
    for session in &others {
        assert!(found(&*store, session, at(1)).await);
    }
    let read = store.grant(&sessions[4].sha256, at(1)).await;
    assert_eq!(read, Ok(Some(sessions[4].clone())));
}

pub async fn sessions_that_the_settings_no_longer_permit_end(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let account = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0))
        .await
        .id;
    let key = put_key(&*store, ids.api_key(at(0)), 1).await;
    let link = Grant {
        api_key: Some(key),
        ..portal_link(0, account)
    };
    let of_link = Grant {
        link: Some(link.id),
        ..of_key(1, key)
    };
    let (one_time, by_key) = (new_grant(2), of_key(3, key));
    let (person, former) = (
        session_of(4, ISSUER, "u1"),
        session_of(5, "https://former.example", "u1"),
    );
    let all = [&link, &of_link, &one_time, &by_key, &person, &former];
    for grant in all {
        put(&*store, grant).await;
    }
    let keep = async |issuer: Option<&str>, by_key, expected: [bool; 6]| {
        let permitted = PermittedSessions {
            issuer: issuer.map(str::to_owned),
            by_key,
        };
        store
            .keep_sessions(permitted, audit())
            .await
            .expect("keep_sessions");
        for (grant, expected) in all.into_iter().zip(expected) {
            assert_eq!(found(&*store, grant, at(1)).await, expected, "{grant:?}");
        }
    };
    keep(Some(ISSUER), true, [true, true, true, true, true, false]).await;
    keep(Some(ISSUER), false, [true, true, true, false, true, false]).await;
    keep(None, true, [true, true, true, false, false, false]).await;
}
