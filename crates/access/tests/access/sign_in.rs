//! Links and sessions of the console.

use std::time::Duration;

use postrider_access::{OPERATOR_SESSION, Session, ShownToken};
use postrider_model::{Permission, Permissions, Scope, Theme, Who};
use tokio::time::advance;

use crate::support::Node;

const HOUR: Duration = Duration::from_secs(3600);

fn token(begun: &Option<(ShownToken, Session)>) -> &str {
    begun.as_ref().unwrap().0.expose()
}

#[tokio::test(start_paused = true)]
async fn an_operators_one_time_link_begins_one_session_of_twelve_hours() {
    let node = Node::new();
    let access = &node.access;
    let link = access.create_operator_link(HOUR).await.unwrap();
    assert!(link.expose().starts_with("prl_"));

    let begun = access.open_link(link.expose()).await.unwrap();
    assert!(token(&begun).starts_with("prs_"));
    assert_eq!(access.open_link(link.expose()).await, Ok(None), "it is used up");
    let found = access.session(token(&begun)).await.unwrap().unwrap();
    assert_eq!(found, begun.as_ref().unwrap().1);
    let caller = found.caller;
    assert_eq!(
        (caller.who, caller.scope, caller.permissions),
        (Who::Session { api_key: None }, Scope::All, Permissions::ALL)
    );

    advance(OPERATOR_SESSION - Duration::from_secs(1)).await;
    assert!(access.session(token(&begun)).await.unwrap().is_some());
    advance(Duration::from_secs(1)).await;
    assert_eq!(access.session(token(&begun)).await, Ok(None));
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
        let created = access.create_portal_link(account, read_only, theme, HOUR).await;
        let (link, expires_at) = created.unwrap().unwrap();
        let first = access.open_link(link.expose()).await.unwrap();
        advance(HOUR / 2).await;
        let second = access.open_link(link.expose()).await.unwrap();
        assert_ne!(token(&first), token(&second));
        for begun in [&first, &second] {
            let found = access.session(token(begun)).await.unwrap().unwrap();
            assert_eq!(found.caller.scope, Scope::Account(account));
            assert_eq!(found.caller.permissions, Permissions::of(permissions));
            assert_eq!((found.theme, found.expires_at), (theme, expires_at));
        }
        advance(HOUR / 2).await;
        assert_eq!(access.open_link(link.expose()).await, Ok(None));
        assert_eq!(access.session(token(&second)).await, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_is_not_valid_as_a_session_nor_a_session_as_a_link() {
    let node = Node::new();
    let access = &node.access;
    let link = access.create_operator_link(HOUR).await.unwrap();
    let another = access.create_operator_link(HOUR).await.unwrap();
    let begun = access.open_link(another.expose()).await.unwrap();

    let swapped = |token: &str, prefix: &str| format!("{prefix}{}", &token[4..]);
    for text in [link.expose().to_owned(), swapped(link.expose(), "prs_")] {
        assert_eq!(access.session(&text).await, Ok(None));
        assert_eq!(access.end_session(&text).await, Ok(false));
    }
    for text in [token(&begun).to_owned(), swapped(token(&begun), "prl_")] {
        assert_eq!(access.open_link(&text).await, Ok(None));
    }
    assert!(access.session(token(&begun)).await.unwrap().is_some());
    assert!(access.open_link(link.expose()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_at_sign_out_and_with_its_api_key() {
    let node = Node::new();
    let access = &node.access;
    let (_, kept) = access.create_api_key("Kept".parse().unwrap()).await.unwrap();
    let (deleted, shown) = access.create_api_key("Deleted".parse().unwrap()).await.unwrap();

    let first = access.sign_in(kept.expose()).await.unwrap();
    let second = access.sign_in(kept.expose()).await.unwrap();
    let third = access.sign_in(shown.expose()).await.unwrap();
    let who = Who::Session {
        api_key: Some(deleted.id),
    };
    assert_eq!(third.as_ref().unwrap().1.caller.who, who);
    assert_eq!(access.end_session(token(&first)).await, Ok(true));
    assert_eq!(access.end_session(token(&first)).await, Ok(false));
    assert_eq!(access.session(token(&first)).await, Ok(None));

    access.delete_api_key(deleted.id).await.unwrap();
    assert_eq!(access.session(token(&third)).await, Ok(None));
    assert_eq!(access.sign_in(shown.expose()).await, Ok(None));
    assert!(access.session(token(&second)).await.unwrap().is_some());
    assert_eq!(access.sign_in("no key of ours").await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn portal_links_and_sessions_of_a_deleted_account_are_refused() {
    let node = Node::new();
    let access = &node.access;
    let account = node.account().await;
    let link = access.create_portal_link(account, false, None, HOUR).await;
    let (link, _) = link.unwrap().unwrap();
    let begun = access.open_link(link.expose()).await.unwrap();
    assert_eq!(node.store.delete_account(account).await, Ok(true));
    assert_eq!(access.session(token(&begun)).await, Ok(None));
    assert_eq!(access.open_link(link.expose()).await, Ok(None));
    let again = access.create_portal_link(account, false, None, HOUR).await;
    assert_eq!(again, Ok(None));
}
