//! Links that the console creates lead to the host of the request, and nowhere else.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use postrider_web::client::Client;

use crate::app::{App, PEER, text};
use crate::routes;

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

/// The values of attributes in this markup that hold addresses.
fn addresses(markup: &str) -> Vec<&str> {
    let attributes = ["href", "src", "action", "formaction", "data-live"];
    let begin = |(at, _): (usize, &str)| markup[at..].split('"').nth(1).unwrap();
    let mut values = Vec::new();
    for name in attributes {
        values.extend(markup.match_indices(&*format!(" {name}=\"")).map(begin));
    }
    values
}

#[tokio::test]
async fn below_a_path_every_address_of_every_page_begins_with_it() {
    let app = App::start_at(Some("http://example.com/web/hooks")).await;
    let is_inside = |address: &&str| {
        address.starts_with("/web/hooks/")
            || address.starts_with("http://example.com/web/hooks/")
            || address.starts_with(['#', '?'])
            || address.starts_with("https://")
    };
    let mut seen = 0;
    for route in routes::all() {
        let path = app.path(route.path, 0);
        // Anew for each route: one of them signs out.
        let operator = app.operator().await;
        for cookie in [None, Some(&*operator.cookie)] {
            let form = format!("csrf={}", operator.csrf);
            let response = app.send(route.method(), &path, cookie, &[], &form).await;
            if let Some(to) = response.headers().get("location") {
                assert!(is_inside(&to.to_str().unwrap()), "{path}: {to:?}");
            }
            for cookie in response.headers().get_all("set-cookie") {
                assert!(
                    cookie.to_str().unwrap().contains("; Path=/web/hooks;"),
                    "{path}: {cookie:?}"
                );
            }
            if path.ends_with("/live") && response.status() == StatusCode::OK {
                let mut body = response.into_body();
                let frame = body.frame().await.unwrap().unwrap();
                let part = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
                assert!(addresses(&part).iter().all(is_inside), "{path}: {part}");
                continue;
            }
            let page = text(response).await;
            for address in addresses(&page) {
                assert!(is_inside(&address), "{path}: {address}");
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}
