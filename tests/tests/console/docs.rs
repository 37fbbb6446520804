//! The documentation at `/docs`, in a browser without a session.

use postrider_tests::browser::{css, label};
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

/// The list of pages is longer than the window, and the page itself does not move.
#[tokio::test]
async fn the_list_of_pages_shows_where_the_reader_is() {
    let (server, browser) = reader().await;
    for path in [
        "/docs/api/create_event",
        "/docs/guides/operating-cluster",
        "/docs/api/update_automation",
    ] {
        browser.open(&url(&server, path)).await;
        let script = "(() => {
            const list = document.getElementById('pages');
            const [outer, entry] = [list, list.querySelector('[aria-current=page]')].map((it) => it.getBoundingClientRect());
            const open = [...list.querySelectorAll('details')].filter((it) => it.open).length;
            return [open, entry.height > 0 && entry.top >= outer.top && entry.bottom <= innerHeight, scrollY];
        })()";
        assert_eq!(browser.evaluate(script).await, json!([1, true, 0]), "{path}");
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
    browser.click(css("#found li:first-child a")).await;
    browser
        .wait_for_text("The response arrives after the event")
        .await;
    browser.click(css("label[for=language-python]")).await;
    browser.wait_for_text("import urllib.request").await;
    browser.click(css(".crumbs a[href='/docs/api/events']")).await;
    let batch = "main a[href='/docs/api/create_event_batch']";
    browser.click(css(batch)).await;
    browser.wait_for_text("accepted or refused on its own").await;
    let shown = browser
        .evaluate("getComputedStyle(document.querySelector('.in-python')).display")
        .await;
    assert_eq!(shown, json!("block"));
    browser.assert_no_fault_logged(&[]).await;
}
