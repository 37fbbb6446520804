//! A secret appears only after a click, and a link works as often as it should.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::app::{App, text};
use crate::routes::{self, For};

#[tokio::test]
async fn no_page_holds_the_secret_before_it_is_asked_for() {
    let app = App::start().await;
    let secret = &app.accounts[0].secret;
    for session in [app.operator().await, app.customer(false).await] {
        for route in routes::all() {
            if route.post || route.whose == For::All || route.path.ends_with("/live") {
                continue;
            }
            let path = app.path(route.path, 0);
            let page = text(app.get(&path, Some(&session.cookie)).await).await;
            assert!(!page.contains(secret), "{path}");
        }
        let path = app.path("/accounts/{account}/signing-key", 0);
        let entry = app.configuration.entry(app.accounts[0].account).await.unwrap();
        let key = entry.unwrap().config.keys[0].id;
        let form = format!("csrf={}&key={key}", session.csrf);
        let page = text(app.post(&path, Some(&session.cookie), &form).await).await;
        assert!(page.contains(secret));
    }
    let reader = app.customer(true).await;
    let path = app.path("/accounts/{account}/signing-key", 0);
    assert!(
        !text(app.get(&path, Some(&reader.cookie)).await)
            .await
            .contains(secret)
    );
}

#[tokio::test]
async fn only_opening_a_link_uses_it_up() {
    let app = App::start().await;
    let link = app.access.create_operator_link(Duration::from_secs(60)).await;
    let path = format!("/sign-in/{}", link.unwrap().expose());
    for method in [Method::HEAD, Method::POST, Method::OPTIONS] {
        let response = app.send(method.clone(), &path, None, &[], "").await;
        assert!(
            !response.status().is_success() && !response.status().is_redirection(),
            "{method}"
        );
        assert!(!response.headers().contains_key("set-cookie"), "{method}");
    }
    let opened = app.get(&path, None).await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    assert!(opened.headers().contains_key("set-cookie"));
    assert_eq!(app.get(&path, None).await.status(), StatusCode::GONE);
}
