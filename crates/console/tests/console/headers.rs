//! The headers of every response.

use crate::app::App;
use crate::routes;

const HEADERS: [&str; 7] = [
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cache-control",
    "x-request-id",
];

#[tokio::test]
async fn every_response_has_strict_security_headers() {
    let app = App::start().await;
    let (operator, customer) = (app.operator().await, app.customer(true).await);
    let paths = routes::all()
        .into_iter()
        .map(|route| (route.method(), app.path(route.path, 0)));
    let nowhere = ["/nowhere", "/accounts/%ff/events", "/favicon.ico"];
    let nowhere = nowhere.map(|path| (http::Method::GET, path.to_owned()));
    let wrong = [(http::Method::DELETE, "/accounts".to_owned())];
    for (method, path) in paths.chain(nowhere).chain(wrong) {
        for cookie in [None, Some(&*operator.cookie), Some(&*customer.cookie)] {
            let response = app.send(method.clone(), &path, cookie, &[], "").await;
            for name in HEADERS {
                assert!(response.headers().contains_key(name), "{method} {path}: {name}");
            }
            let policy = response.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'"), "{path}");
            assert!(policy.ends_with("frame-ancestors 'none'"), "{path}");
        }
    }
}
