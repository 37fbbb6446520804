//! The documentation at `/docs`, in a browser without a session.

use postrider_tests::browser::{css, label, link};
use postrider_tests::{Browser, Server};
use serde_json::json;

use super::every_page::look_at;

async fn reader() -> (Server, Browser) {
    let server = Server::start();
    let browser = Browser::start().await;
    (server, browser)
}

fn url(server: &Server, path: &str) -> String {
    format!("http://{}{path}", server.address())
}

#[tokio::test]
async fn pages_of_the_documentation() {
    let (server, browser) = reader().await;
    for (name, path) in [
        ("docs", "/docs"),
        ("docs-api", "/docs/api"),
        ("docs-tag", "/docs/api/events"),
        ("docs-operation", "/docs/api/create_automation"),
        ("docs-errors", "/docs/errors"),
        ("docs-error", "/docs/errors/event_conflict"),
        ("docs-guide", "/docs/guides/receiving"),
        ("docs-search", "/docs/search?q=event"),
    ] {
        browser.open(&url(&server, path)).await;
        look_at(&browser, name).await;
    }
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_reader_finds_an_operation_while_typing_and_keeps_a_language() {
    let (server, browser) = reader().await;
    browser.open(&url(&server, "/docs")).await;
    browser
        .type_into(label("Search the documentation"), "report an event")
        .await;
    browser.wait_for_text("POST /v1/accounts/{account}/events").await;
    browser.click(css("#found a")).await;
    browser
        .wait_for_text("The response arrives after the event")
        .await;
    browser.click(css("label[for=language-python]")).await;
    browser.wait_for_text("import urllib.request").await;
    browser.click(link("Events")).await;
    browser.click(link("Report many events")).await;
    let shown = browser
        .evaluate("getComputedStyle(document.querySelector('.in-python')).display")
        .await;
    assert_eq!(shown, json!("block"));
    browser.assert_no_fault_logged(&[]).await;
}
