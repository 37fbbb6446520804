//! Links and sessions of the console.

use crate::support::audit;
use postrider_model::By;
use std::time::Duration;

use postrider_access::{
    ApiKeyDraft, CreatePortalLink, OPERATOR_SESSION, OpenLink, PortalLinkDraft, Session, ShownToken, SignIn,
};
use postrider_model::{AccountId, Grant, Permission, Permissions, Scope, Theme, Who};
use postrider_storage::{DeleteObject, PageRequest, StoreResult};
use tokio::time::advance;

use crate::support::{Node, draft};

const HOUR: Duration = Duration::from_secs(3600);

pub const FIRST_PAGE: PageRequest = PageRequest {
    limit: 250,
    after: None,
};

fn portal_link(account: AccountId, read_only: bool) -> PortalLinkDraft {
    PortalLinkDraft {
        account,
        read_only,
        theme: None,
        lifetime: HOUR,
    }
}

fn created(created: StoreResult<CreatePortalLink>) -> (ShownToken, Grant) {
    match created.unwrap() {
        CreatePortalLink::Created(token, link) => (token, link),
        other => panic!("{other:?}"),
    }
}

async fn opened(node: &Node, link: &ShownToken) -> (String, Session) {
    match node.access.open_link(&By::NODE, link.expose()).await.unwrap() {
        OpenLink::Begun(token, session) => (token.expose().to_owned(), session),
        other => panic!("{other:?}"),
    }
}

async fn signed_in(node: &Node, key: &str) -> (String, Session) {
    match node.access.sign_in(&By::NODE, key).await.unwrap() {
        SignIn::Begun(token, session) => (token.expose().to_owned(), session),
        other => panic!("{other:?}"),
    }
}

async fn is_alive(node: &Node, token: &str) -> bool {
    node.access.session(token).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn an_operators_one_time_link_begins_one_session_of_twelve_hours() {
    let node = Node::new();
    let access = &node.access;
    let link = access.create_operator_link(&By::NODE, HOUR).await.unwrap();
    assert!(link.expose().starts_with("prl_"));
    assert_eq!(access.link(link.expose()).await, Ok(Some(Scope::All)));

    let (token, session) = opened(&node, &link).await;
    assert!(token.starts_with("prs_"));
    let again = access.open_link(&By::NODE, link.expose()).await;
    assert_eq!(again, Ok(OpenLink::Dead), "it is used up");
    assert_eq!(access.link(link.expose()).await, Ok(None));
    assert_eq!(access.session(&token).await, Ok(Some(session.clone())));
    let caller = session.caller;
    assert_eq!((caller.scope, caller.permissions), (Scope::All, Permissions::ALL));
    let who = Who::Session {
        id: session.id,
        api_key: None,
    };
    assert_eq!(caller.who, who);

    advance(OPERATOR_SESSION - Duration::from_secs(1)).await;
    assert!(is_alive(&node, &token).await);
    advance(Duration::from_secs(1)).await;
    assert!(!is_alive(&node, &token).await);
}

#[tokio::test(start_paused = true)]
async fn a_portal_link_opens_sessions_until_it_expires_and_they_expire_with_it() {
    let node = Node::new();
    let access = &node.access;
    let account = node.account().await;
    for (read_only, permissions) in [
        (true, &[Permission::Read][..]),
        (false, &[Permission::Read, Permission::Manage]),
    ] {
        let theme = Some(Theme::Dark);
        let draft = PortalLinkDraft {
            theme,
            ..portal_link(account, read_only)
        };
        let (token, link) = created(access.create_portal_link(&By::NODE, draft, None).await);
        let first = opened(&node, &token).await;
        advance(HOUR / 2).await;
        let second = opened(&node, &token).await;
        assert_ne!(first.0, second.0);
        for (token, _) in [&first, &second] {
            let found = access.session(token).await.unwrap().unwrap();
            assert_eq!(found.caller.scope, Scope::Account(account));
            assert_eq!(found.caller.permissions, Permissions::of(permissions));
            assert_eq!((found.theme, found.expires_at), (theme, link.expires_at));
        }
        advance(HOUR / 2).await;
        assert_eq!(
            access.open_link(&By::NODE, token.expose()).await,
            Ok(OpenLink::Dead)
        );
        assert!(!is_alive(&node, &second.0).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_portal_link_is_listed_revoked_and_ends_with_its_key() {
    let node = Node::new();
    let access = &node.access;
    let account = node.account().await;
    node.key("Kept").await;
    let (key, _) = node.key("Deleted").await;
    let create = async |api_key| {
        let draft = portal_link(account, false);
        created(access.create_portal_link(&By::NODE, draft, api_key).await)
    };
    let (revoked, of_key, kept) = (create(None).await, create(Some(key.id)).await, create(None).await);
    let mut sessions = Vec::new();
    for (token, _) in [&revoked, &of_key, &kept] {
        sessions.push(opened(&node, token).await.0);
    }
    let ids = async || {
        let page = access.portal_links(account, FIRST_PAGE).await.unwrap();
        page.items.into_iter().map(|link| link.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [kept.1.id, of_key.1.id, revoked.1.id]);
    assert_eq!(
        access.revoke_portal_link(&By::NODE, account, revoked.1.id).await,
        Ok(true)
    );
    assert_eq!(
        access.revoke_portal_link(&By::NODE, account, revoked.1.id).await,
        Ok(false)
    );
    access.delete_api_key(&By::NODE, key.id).await.unwrap();
    assert_eq!(ids().await, [kept.1.id]);
    for (session, expected) in sessions.iter().zip([false, false, true]) {
        assert_eq!(is_alive(&node, session).await, expected);
    }
    assert_eq!(
        access.end_sessions(&By::NODE, Scope::Account(account)).await,
        Ok(1)
    );
    assert!(!is_alive(&node, &sessions[2]).await);
    opened(&node, &kept.0).await;
}

#[tokio::test(start_paused = true)]
async fn a_portal_link_begins_at_most_twenty_sessions_a_minute() {
    let node = Node::new();
    let account = node.account().await;
    let draft = portal_link(account, true);
    let (token, _) = created(node.access.create_portal_link(&By::NODE, draft, None).await);
    for _ in 0..20 {
        opened(&node, &token).await;
    }
    let next = node.access.open_link(&By::NODE, token.expose()).await;
    assert_eq!(next, Ok(OpenLink::TooMany));
    advance(Duration::from_secs(60)).await;
    opened(&node, &token).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_is_not_valid_as_a_session_nor_a_session_as_a_link() {
    let node = Node::new();
    let access = &node.access;
    let link = access.create_operator_link(&By::NODE, HOUR).await.unwrap();
    let another = access.create_operator_link(&By::NODE, HOUR).await.unwrap();
    let (session, _) = opened(&node, &another).await;

    let swapped = |token: &str, prefix: &str| format!("{prefix}{}", &token[4..]);
    for text in [link.expose().to_owned(), swapped(link.expose(), "prs_")] {
        assert_eq!(access.session(&text).await, Ok(None));
        assert_eq!(access.sign_out(&By::NODE, &text).await, Ok(None));
    }
    for text in [session.clone(), swapped(&session, "prl_")] {
        assert_eq!(access.open_link(&By::NODE, &text).await, Ok(OpenLink::Dead));
        assert_eq!(access.link(&text).await, Ok(None));
    }
    assert!(is_alive(&node, &session).await);
    opened(&node, &link).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_at_sign_out_and_with_its_api_key() {
    let node = Node::new();
    let access = &node.access;
    let (_, kept) = node.key("Kept").await;
    let (deleted, shown) = node.key("Deleted").await;

    let (first, _) = signed_in(&node, kept.expose()).await;
    let (second, session) = signed_in(&node, kept.expose()).await;
    let (third, of_deleted) = signed_in(&node, shown.expose()).await;
    let who = Who::Session {
        id: of_deleted.id,
        api_key: Some(deleted.id),
    };
    assert_eq!(of_deleted.caller.who, who);
    assert!(access.sign_out(&By::NODE, &first).await.unwrap().is_some());
    assert_eq!(access.sign_out(&By::NODE, &first).await, Ok(None));
    assert!(!is_alive(&node, &first).await);

    access.delete_api_key(&By::NODE, deleted.id).await.unwrap();
    assert!(!is_alive(&node, &third).await);
    assert_eq!(
        access.sign_in(&By::NODE, shown.expose()).await,
        Ok(SignIn::UnknownKey)
    );
    assert!(is_alive(&node, &second).await);
    assert_eq!(
        access.sign_in(&By::NODE, "no key of ours").await,
        Ok(SignIn::UnknownKey)
    );

    let staff = access.sessions(Scope::All, FIRST_PAGE).await.unwrap();
    let ids: Vec<_> = staff.items.iter().map(|grant| grant.id).collect();
    assert_eq!(ids, [session.id]);
    assert_eq!(
        access.end_session(&By::NODE, Scope::All, session.id).await,
        Ok(true)
    );
    assert!(!is_alive(&node, &second).await);
}

#[tokio::test(start_paused = true)]
async fn a_session_has_the_permissions_and_the_end_of_its_key() {
    let node = Node::new();
    let account = node.account().await;
    let reader = ApiKeyDraft {
        permissions: vec![Permission::Read],
        account: Some(account),
        expires_at: Some(node.now().after(HOUR)),
        ..draft("Reader")
    };
    let (key, shown) = node.access.create_api_key(&By::NODE, reader).await.unwrap();
    let (_, session) = signed_in(&node, shown.expose()).await;
    assert_eq!(session.caller.scope, Scope::Account(account));
    assert_eq!(session.caller.permissions, Permissions::of(&[Permission::Read]));
    assert_eq!(Some(session.expires_at), key.expires_at);

    let poster = ApiKeyDraft {
        permissions: vec![Permission::EventsWrite],
        ..draft("Poster")
    };
    let (_, shown) = node.access.create_api_key(&By::NODE, poster).await.unwrap();
    assert_eq!(
        node.access.sign_in(&By::NODE, shown.expose()).await,
        Ok(SignIn::MayNotRead)
    );
}

#[tokio::test(start_paused = true)]
async fn portal_links_and_sessions_of_a_deleted_account_are_refused() {
    let node = Node::new();
    let access = &node.access;
    let account = node.account().await;
    let (link, _) = created(
        access
            .create_portal_link(&By::NODE, portal_link(account, false), None)
            .await,
    );
    let (session, _) = opened(&node, &link).await;
    assert_eq!(
        node.store.delete_account(account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    assert!(!is_alive(&node, &session).await);
    assert_eq!(
        access.open_link(&By::NODE, link.expose()).await,
        Ok(OpenLink::Dead)
    );
    let again = access
        .create_portal_link(&By::NODE, portal_link(account, false), None)
        .await;
    assert_eq!(again, Ok(CreatePortalLink::Gone));
}
