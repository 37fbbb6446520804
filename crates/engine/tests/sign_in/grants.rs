//! Links and sessions of the console.

use std::time::Duration;

use postrider_engine::sign_in::OPERATOR_SESSION;
use postrider_engine::{ApiKeys, ShownToken};
use postrider_model::{Grant, GrantKind, Theme, Visitor};
use tokio::time::advance;

use crate::support::{account, engine};

const HOUR: Duration = Duration::from_secs(3600);

fn token(made: &Option<(ShownToken, Grant)>) -> &str {
    made.as_ref().unwrap().0.expose()
}

fn grant(made: &Option<(ShownToken, Grant)>) -> &Grant {
    &made.as_ref().unwrap().1
}

#[tokio::test(start_paused = true)]
async fn an_operators_one_time_link_begins_one_session_of_twelve_hours() {
    let (engine, _folder) = engine().await;
    let sign_in = engine.sign_in();
    let link = sign_in.make_one_time_link(Visitor::Operator, HOUR).await.unwrap();
    assert!(token(&link).starts_with("prl_"));

    let session = sign_in.open_link(token(&link)).await.unwrap();
    assert!(token(&session).starts_with("prs_"));
    assert_eq!(sign_in.open_link(token(&link)).await, Ok(None), "it is used up");
    let found = sign_in.session(token(&session)).await.unwrap().unwrap();
    assert_eq!(&found, grant(&session));
    assert_eq!(
        (found.kind, found.visitor, found.api_key),
        (GrantKind::Session, Visitor::Operator, None)
    );

    advance(OPERATOR_SESSION - Duration::from_secs(1)).await;
    assert!(sign_in.session(token(&session)).await.unwrap().is_some());
    advance(Duration::from_secs(1)).await;
    assert_eq!(sign_in.session(token(&session)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn an_account_link_begins_sessions_until_it_ends_and_they_end_with_it() {
    let (engine, _folder) = engine().await;
    let account = account(&engine).await;
    let sign_in = engine.sign_in();
    let theme = Some(Theme::Dark);
    let link = sign_in
        .make_account_link(account, true, theme, HOUR)
        .await
        .unwrap();
    let first = sign_in.open_link(token(&link)).await.unwrap();
    advance(HOUR / 2).await;
    let second = sign_in.open_link(token(&link)).await.unwrap();
    assert_ne!(token(&first), token(&second));
    for session in [&first, &second] {
        let found = sign_in.session(token(session)).await.unwrap().unwrap();
        let read_only = true;
        let customer = Visitor::Customer {
            account,
            read_only,
            theme,
        };
        assert_eq!(found.visitor, customer);
        assert_eq!(found.expires_at, grant(&link).expires_at);
    }
    advance(HOUR / 2).await;
    assert_eq!(sign_in.open_link(token(&link)).await, Ok(None));
    assert_eq!(sign_in.session(token(&second)).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_link_is_no_session_and_a_session_no_link() {
    let (engine, _folder) = engine().await;
    let sign_in = engine.sign_in();
    let link = sign_in.make_one_time_link(Visitor::Operator, HOUR).await.unwrap();
    let another = sign_in.make_one_time_link(Visitor::Operator, HOUR).await.unwrap();
    let session = sign_in.open_link(token(&another)).await.unwrap();

    let swapped = |token: &str, prefix: &str| format!("{prefix}{}", &token[4..]);
    for text in [token(&link).to_owned(), swapped(token(&link), "prs_")] {
        assert_eq!(sign_in.session(&text).await, Ok(None));
        assert_eq!(sign_in.end_session(&text).await, Ok(false));
    }
    for text in [token(&session).to_owned(), swapped(token(&session), "prl_")] {
        assert_eq!(sign_in.open_link(&text).await, Ok(None));
    }
    assert!(sign_in.session(token(&session)).await.unwrap().is_some());
    assert!(sign_in.open_link(token(&link)).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_it_is_ended_and_with_its_api_key() {
    let (engine, _folder) = engine().await;
    let sign_in = engine.sign_in();
    let keys = ApiKeys::load(&**engine.store()).await.unwrap();
    let (kept, _) = keys.make(&engine, "Kept".parse().unwrap()).await.unwrap();
    let (gone, _) = keys.make(&engine, "Gone".parse().unwrap()).await.unwrap();

    let first = sign_in.with_api_key(kept.id).await.unwrap();
    let second = sign_in.with_api_key(kept.id).await.unwrap();
    let third = sign_in.with_api_key(gone.id).await.unwrap();
    assert_eq!(grant(&third).api_key, Some(gone.id));
    assert_eq!(sign_in.end_session(token(&first)).await, Ok(true));
    assert_eq!(sign_in.end_session(token(&first)).await, Ok(false));
    assert_eq!(sign_in.session(token(&first)).await, Ok(None));

    keys.remove(&engine, gone.id).await.unwrap();
    assert_eq!(sign_in.session(token(&third)).await, Ok(None));
    assert_eq!(sign_in.with_api_key(gone.id).await, Ok(None));
    assert!(sign_in.session(token(&second)).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_account_lets_nobody_in() {
    let (engine, _folder) = engine().await;
    let account = account(&engine).await;
    let sign_in = engine.sign_in();
    let link = sign_in
        .make_account_link(account, false, None, HOUR)
        .await
        .unwrap();
    let session = sign_in.open_link(token(&link)).await.unwrap();
    assert_eq!(engine.configuration().delete_account(account).await, Ok(true));
    assert_eq!(sign_in.session(token(&session)).await, Ok(None));
    assert_eq!(sign_in.open_link(token(&link)).await, Ok(None));
    let again = sign_in.make_account_link(account, false, None, HOUR).await;
    assert_eq!(again, Ok(None));
}
