//! A secret appears only after a click, and a link works as often as it should.

use postrider_model::By;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::app::{App, text};
use crate::routes::{self, For};

#[tokio::test]
async fn no_page_holds_the_secret_before_it_is_asked_for() {
    let app = App::start().await;
    let secret = &app.accounts[0].secret;
    let of_action = &app.accounts[0].action_secret;
    for session in [app.operator().await, app.customer(false).await] {
        for route in routes::all() {
            if route.post || route.whose == For::All || route.path.ends_with("/live") {
                continue;
            }
            let path = app.path(route.path, 0);
            let page = text(app.get(&path, Some(&session.cookie)).await).await;
            assert!(!page.contains(secret) && !page.contains(of_action), "{path}");
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

/// Headers of a form that one of our pages sends.
const FROM_OUR_PAGE: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];

#[tokio::test]
async fn only_the_button_of_a_link_signs_in_and_a_one_time_link_signs_in_once() {
    let app = App::start().await;
    let link = app
        .access
        .create_operator_link(&By::NODE, Duration::from_secs(60))
        .await;
    let path = format!("/sign-in/{}", link.unwrap().expose());
    for _ in 0..3 {
        let shown = app.get(&path, None).await;
        assert_eq!(shown.status(), StatusCode::OK);
        assert!(!shown.headers().contains_key("set-cookie"));
        assert!(text(shown).await.contains("Continue"));
    }
    for method in [Method::HEAD, Method::OPTIONS] {
        let response = app.send(method.clone(), &path, None, &FROM_OUR_PAGE, "").await;
        assert!(!response.headers().contains_key("set-cookie"), "{method}");
    }
    let opened = app.send(Method::POST, &path, None, &FROM_OUR_PAGE, "").await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    assert!(opened.headers().contains_key("set-cookie"));
    let again = app.send(Method::POST, &path, None, &FROM_OUR_PAGE, "").await;
    assert_eq!(again.status(), StatusCode::GONE);
    assert_eq!(app.get(&path, None).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_link_signs_in_only_from_its_own_page() {
    let app = App::start().await;
    let link = app
        .access
        .create_operator_link(&By::NODE, Duration::from_secs(60))
        .await;
    let path = format!("/sign-in/{}", link.unwrap().expose());
    let own = ("origin", "http://127.0.0.1");
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site"), own],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("sec-purpose", "prefetch")],
    ] {
        let refused = app.send(Method::POST, &path, None, headers, "").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(!refused.headers().contains_key("set-cookie"));
    }
    let opened = app.send(Method::POST, &path, None, &[own], "").await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
}
