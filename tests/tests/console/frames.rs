//! The console in a frame of a company's own product, which is another site.
//!
//! Chromium treats `localhost` and `127.0.0.1` as two sites, and trusts both like https. So these tests also
//! apply to a product and a console on its own domain.

use postrider_tests::browser::{button, css, link};
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Browser, Receiver, Reply};
use serde_json::json;

use super::desk::Desk;

/// A page of a product that shows a URL in a frame.
struct Product(Receiver);

impl Product {
    async fn start() -> Self {
        Self(Receiver::start().await)
    }

    fn origin(&self) -> String {
        self.0.url("").replace("127.0.0.1", "localhost")
    }

    /// Opens the product's page with this URL in its frame, and enters the frame.
    async fn show(&self, browser: &Browser, url: &str) {
        let page = format!(
            "<!doctype html><title>Product</title><iframe src=\"{url}\" title=\"Webhooks\" width=\"100%\" height=\"700\"></iframe>"
        );
        let page = Reply::status(200)
            .with_header("content-type", "text/html")
            .with_body(page);
        self.0.respond("/product", [page]);
        browser.leave_frames().await;
        browser.open(&format!("{}/product", self.origin())).await;
        browser.enter_frame("iframe").await;
    }
}

/// Waits for the path of the page in the frame, which is not the browser's own.
pub(super) async fn wait_for_path_in_frame(browser: &Browser, path: &str) {
    until(path, SOON, async || {
        let shown = browser.evaluate("location.pathname").await;
        (shown == path).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_customer_works_in_a_frame_of_an_allowed_product() {
    let product = Product::start().await;
    let flags = ["--console-frame-ancestors", &product.origin()];
    // The desk's own session is in the same browser, and the frame must not see it.
    let desk = Desk::open_with(&flags, Browser::start_guarded_against_tracking().await).await;
    let other = Account::create(desk.server.api()).await;
    let browser = &desk.browser;
    let automation = desk
        .account
        .automation(json!({"type": "send_webhook", "url": desk.receiver.url("/hooks")}))
        .await;
    let automation = desk
        .account
        .at(&format!("/automations/{}", automation["id"].as_str().unwrap()));

    product.show(browser, &desk.customer_link(json!({})).await).await;
    wait_for_path_in_frame(browser, &desk.path("/automations")).await;
    assert_eq!(
        browser.count(link("Overview")).await,
        0,
        "a customer, not the operator"
    );

    // A form works.
    browser.click(css("[role=switch]")).await;
    browser.wait_for(css("[role=switch][aria-checked=false]")).await;
    let read = desk.account.api.get(automation).await.expect(200);
    assert_eq!(read["enabled"], false);

    // The theme is remembered.
    browser.click(button("Dark")).await;
    browser.wait_for(css("html[data-theme=dark]")).await;

    // A live part is updated.
    browser.click(link("Events")).await;
    wait_for_path_in_frame(browser, &desk.path("/events")).await;
    desk.account.send("proposal.accepted", "1").await;
    browser.wait_for(link("proposal.accepted")).await;

    // Another account is not found.
    let elsewhere = format!("/accounts/{}/automations", other.id);
    browser
        .evaluate(&format!("void (location.href = '{elsewhere}')"))
        .await;
    wait_for_path_in_frame(browser, &elsewhere).await;
    browser.wait_for_text("Page not found").await;

    browser
        .evaluate(&format!("void (location.href = '{}')", desk.path("/automations")))
        .await;
    browser.wait_for(link("Events")).await;
    assert_eq!(browser.count(button("Sign out")).await, 0);
    browser
        .evaluate("void document.querySelector('form.sign-out').requestSubmit()")
        .await;
    browser.wait_for_text("You are signed out").await;
    assert_eq!(
        browser.count("input:not([type=hidden])").await,
        0,
        "no key is asked for in a frame"
    );
    product.show(browser, &desk.url(&desk.path("/automations"))).await;
    browser.wait_for_text("You are signed out").await;

    // The desk stays signed in all the time.
    browser.leave_frames().await;
    browser.open(&desk.url("/accounts")).await;
    browser.wait_for(link("Overview")).await;
    browser.assert_no_fault_logged(&["404"]).await;
}

#[tokio::test]
async fn other_sites_cannot_frame_the_console() {
    let product = Product::start().await;
    let flags = ["--console-frame-ancestors", "http://localhost:1"];
    let desk = Desk::open_with(&flags, Browser::start().await).await;
    for url in [desk.customer_link(json!({})).await, desk.url("/sign-in")] {
        product.show(&desk.browser, &url).await;
        // The browser shows its own error page instead.
        let shown = desk.browser.evaluate("location.href").await;
        assert_eq!(shown, "chrome-error://chromewebdata/");
        assert_eq!(desk.browser.count("h1").await, 0);
    }
    let logged = desk.browser.logged().await;
    let refused = logged.iter().filter(|line| line.text.contains("frame-ancestors"));
    assert!(refused.count() >= 2, "{logged:?}");
}

#[tokio::test]
async fn opening_a_link_replaces_the_current_session() {
    let product = Product::start().await;
    let flags = ["--console-frame-ancestors", &product.origin()];
    let desk = Desk::open_with(&flags, Browser::start().await).await;
    let browser = &desk.browser;
    browser.follow_link(&desk.customer_link(json!({})).await).await;
    browser.wait_for_path(&desk.path("/automations")).await;
    assert_eq!(browser.count(link("Overview")).await, 0);
    browser.click(button("Sign out")).await;
    browser.wait_for_path("/sign-in").await;
    browser.open(&desk.url("/accounts")).await;
    browser.wait_for_path("/sign-in").await;
}
