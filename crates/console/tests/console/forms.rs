//! Forms are accepted only from our own pages.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use futures_util::stream;
use http::{Method, Request, StatusCode};
use postrider_web::client::Client;
use tokio::time::timeout;

use crate::app::{App, PEER, text};
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

/// A request with a form of which nothing arrives.
async fn unread(app: &App, path: &str, cookie: &str, content_type: &str) -> StatusCode {
    let body = Body::from_stream(stream::pending::<Result<Vec<u8>, Infallible>>());
    let request = Request::post(path)
        .header("host", "127.0.0.1")
        .header("cookie", cookie)
        .header("content-type", content_type)
        .body(body);
    let handled = app.console.handle(request.unwrap(), Client::direct(PEER));
    let response = timeout(Duration::from_secs(10), handled).await;
    response.expect("the body is waited for").status()
}

#[tokio::test]
async fn a_form_that_will_be_refused_is_refused_before_its_body_is_read() {
    let app = App::start().await;
    let (reader, customer) = (app.customer(true).await, app.customer(false).await);
    let form = "application/x-www-form-urlencoded";
    for path in ["/sign-in", "/sign-out", "/theme"] {
        assert_eq!(
            unread(&app, path, "", form).await,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let own = app.path("/accounts/{account}/automations/new", 0);
    let foreign = app.path("/accounts/{account}/automations/new", 1);
    assert_eq!(unread(&app, &own, "", form).await, StatusCode::SEE_OTHER);
    assert_eq!(
        unread(&app, &own, &reader.cookie, form).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        unread(&app, &foreign, &customer.cookie, form).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        unread(&app, &own, &customer.cookie, "text/plain").await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_form_that_needs_no_session_is_small() {
    let app = App::start().await;
    let form = format!("key={}", "x".repeat(8 * 1024));
    let cookie = Some("postrider_form=x");
    for path in ["/sign-in", "/sign-out", "/theme"] {
        let response = app.post(path, cookie, &form).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    let customer = app.customer(false).await;
    let path = app.path("/accounts/{account}/automations/new", 0);
    let response = app.post(&path, Some(&customer.cookie), &form).await;
    assert_eq!(
        response.status(),
        StatusCode::FORBIDDEN,
        "it is read, and has no token"
    );
}
