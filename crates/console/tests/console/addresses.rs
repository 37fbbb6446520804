//! Links that the console creates lead to the host of the request, and nowhere else.

use axum::body::Body;
use http::{Request, StatusCode};
use postrider_web::client::Client;

use crate::app::{App, PEER, text};

/// Requests a customer's link at this address, with these `Host` headers.
async fn link(app: &App, authority: &str, hosts: &[&str]) -> (StatusCode, String) {
    let operator = app.operator().await;
    let path = app.path("/accounts/{account}/portal-links", 0);
    let mut request = Request::post(format!("{authority}{path}"))
        .header("cookie", &operator.cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    for host in hosts {
        request = request.header("host", *host);
    }
    let form = format!("csrf={}&lifetime=3600", operator.csrf);
    let response = app
        .console
        .handle(request.body(Body::from(form)).unwrap(), Client::direct(PEER))
        .await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn a_link_leads_to_the_host_or_the_authority_of_the_request() {
    let app = App::start().await;
    let (status, page) = link(&app, "", &["console.example:8080"]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("http://console.example:8080/sign-in/prl_"),
        "{page}"
    );
    // HTTP/2 has no Host header.
    let (status, page) = link(&app, "http://console.example:8443", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("http://console.example:8443/sign-in/prl_"),
        "{page}"
    );
}

#[tokio::test]
async fn a_host_that_could_mislead_is_refused() {
    let app = App::start().await;
    for hosts in [
        &["user@console.example"][..],
        &["a b"],
        &["a.example", "b.example"],
        &[],
    ] {
        let (status, page) = link(&app, "", hosts).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{hosts:?}");
        assert!(!page.contains("/sign-in/prl_"), "{hosts:?}: {page}");
    }
}
