//! Pages of other origins that call the API from a browser.

use http::Method;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Browser, Receiver, Reply, Server};
use serde_json::{Value, json};

/// The page of a product. Its origin differs from the server's by the port.
async fn open_page(browser: &Browser, product: &Receiver) {
    let page = Reply::status(200)
        .with_header("content-type", "text/html")
        .with_body("<!doctype html><title>Product</title>");
    product.respond("/product", [page]);
    browser.open(&product.url("/product")).await;
}

/// What `fetch` gives the page: the status, and what the page may see of the headers; or the error.
async fn fetched(browser: &Browser, server: &Server, path: &str, init: Value) -> Value {
    let url = format!("http://{}{path}", server.address());
    let script = format!(
        "(() => {{
            window.fetched = undefined;
            fetch({}, {init}).then(
                (response) => window.fetched =
                    {{status: response.status, etag: response.headers.get('etag')}},
                (error) => window.fetched = {{error: error.name}},
            );
            return '';
        }})()",
        json!(url)
    );
    browser.evaluate(&script).await;
    until("the result of fetch", SOON, async || {
        let found = browser.evaluate("window.fetched ?? null").await;
        (!found.is_null()).then_some(found)
    })
    .await
}

#[tokio::test]
async fn a_page_of_a_listed_origin_calls_the_api_and_no_other_page_does() {
    let (listed, other) = (Receiver::start().await, Receiver::start().await);
    let server = Server::start_with(&["--cors-origins", &listed.url("")]);
    let account = Account::create(server.api()).await;
    let key = format!("Bearer {}", postrider_tests::server::ADMIN_KEY);
    let read = json!({"headers": {"Authorization": key}});
    let change = json!({
        "method": "PATCH", "body": json!({"name": "From a page"}).to_string(),
        "headers": {"Authorization": key, "Content-Type": "application/json", "If-Match": "*"},
    });
    let browser = Browser::start().await;

    open_page(&browser, &listed).await;
    let found = fetched(&browser, &server, &account.at(""), read.clone()).await;
    assert_eq!(found["status"], 200, "{found}");
    assert!(found["etag"].is_string(), "{found}");
    let changed = fetched(&browser, &server, &account.at(""), change.clone()).await;
    assert_eq!(changed["status"], 200, "{changed}");
    // A refusal can be read too.
    let refused = fetched(&browser, &server, "/v1/accounts", json!({})).await;
    assert_eq!(refused["status"], 401, "{refused}");

    open_page(&browser, &other).await;
    for init in [read, change] {
        let hidden = fetched(&browser, &server, &account.at(""), init).await;
        assert_eq!(hidden["error"], "TypeError", "{hidden}");
    }
}

#[tokio::test]
async fn without_the_setting_no_response_is_for_other_origins() {
    let server = Server::start();
    let preflight = server
        .api()
        .with_key(None)
        .call(Method::OPTIONS, "/v1/accounts")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
        .send()
        .await;
    assert_eq!(preflight.status, 401);
    let read = server
        .api()
        .call(Method::GET, "/v1/accounts")
        .header("origin", "https://app.example.com")
        .send()
        .await;
    for name in ["access-control-allow-origin", "vary"] {
        assert!(preflight.headers.get(name).is_none(), "{name}");
        assert!(read.headers.get(name).is_none(), "{name}");
    }
}
