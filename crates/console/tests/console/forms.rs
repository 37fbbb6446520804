//! Forms are accepted only from our own pages.

use http::{Method, StatusCode};

use crate::app::{App, text};
use crate::routes;

#[tokio::test]
async fn a_form_without_a_token_is_refused_and_changes_nothing() {
    let app = App::start().await;
    let operator = app.operator().await;
    let before = app.state().await;
    for route in routes::forms() {
        let path = app.path(route.path, 0);
        let other = app.customer(false).await.csrf;
        for form in [
            String::new(),
            "csrf=".to_owned(),
            format!("csrf={other}&name=Acme&enabled=false"),
        ] {
            let response = app.post(&path, Some(&operator.cookie), &form).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {form}");
        }
        let response = app.post(&path, None, "csrf=").await;
        assert!(
            matches!(response.status(), StatusCode::FORBIDDEN | StatusCode::SEE_OTHER),
            "{path}"
        );
    }
    assert_eq!(app.state().await, before);
}

#[tokio::test]
async fn a_form_from_another_origin_is_refused_even_with_a_valid_token() {
    let app = App::start().await;
    let operator = app.operator().await;
    let before = app.state().await;
    let form = format!("csrf={}&name=Acme&enabled=false", operator.csrf);
    for route in routes::forms() {
        let path = app.path(route.path, 0);
        for site in ["cross-site", "same-site"] {
            let headers = [("sec-fetch-site", site)];
            let response = app
                .send(Method::POST, &path, Some(&operator.cookie), &headers, &form)
                .await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {site}");
        }
    }
    assert_eq!(app.state().await, before);
    // The same form from our own page is accepted.
    let path = app.path("/accounts/{account}/automations/{automation}/switch", 0);
    let headers = [("sec-fetch-site", "same-origin")];
    let response = app
        .send(Method::POST, &path, Some(&operator.cookie), &headers, &form)
        .await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_ne!(app.state().await, before);
}

/// Another host of the domain can plant a cookie of forms over plain http, and knows the token that it gives.
#[tokio::test]
async fn a_planted_cookie_of_forms_makes_no_form_valid_in_a_session() {
    let app = App::start().await;
    let operator = app.operator().await;
    // The page of a visitor who has only that cookie carries its token.
    let page = text(app.get("/sign-in", Some("postrider_form=evil")).await).await;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
    let form = format!("csrf={}&name=Acme", rest.split('"').next().unwrap());
    let before = app.state().await;
    for route in routes::forms() {
        let path = app.path(route.path, 0);
        for cookie in ["{session}; postrider_form=evil", "postrider_form=evil; {session}"] {
            let cookie = cookie.replace("{session}", &operator.cookie);
            let response = app.post(&path, Some(&cookie), &form).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(app.state().await, before);
}
