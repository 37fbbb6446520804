//! `embed.js` in a page of a company's own product: the frame grows with its page, follows the product's
//! theme, and says when it needs a new link.

use postrider_tests::browser::{css, link};
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Browser, Receiver, Reply};
use serde_json::{Value, json};

use super::desk::Desk;
use super::every_page::fill;
use super::frames::wait_for_path_in_frame;

const PAGE: &str = include_str!("pages/product.html");

/// A product that shows the console of a desk's account.
struct Product {
    desk: Desk,
    address: String,
    _server: Receiver,
}

impl Product {
    /// Opens the product's page, whose frame shows a link with these options.
    async fn open(options: Value) -> Self {
        let server = Receiver::start().await;
        let address = server.url("/product").replace("127.0.0.1", "localhost");
        let origin = address.trim_end_matches("/product");
        let flags = ["--console-frame-ancestors", origin];
        let desk = fill(Desk::open_with(&flags, Browser::start().await).await).await;
        let page = PAGE
            .replace("CONSOLE", &desk.url(""))
            .replace("LINK", &desk.customer_link(options).await);
        server.respond(
            "/product",
            [Reply::status(200)
                .with_header("content-type", "text/html")
                .with_body(page)],
        );
        desk.browser.open(&address).await;
        let product = Self {
            desk,
            address,
            _server: server,
        };
        product.enter().await;
        wait_for_path_in_frame(product.browser(), &product.desk.path("/automations")).await;
        product
    }

    fn browser(&self) -> &Browser {
        &self.desk.browser
    }

    async fn enter(&self) {
        self.browser().enter_frame("iframe").await;
    }

    /// What an expression gives in the product's own page.
    async fn outside(&self, expression: &str) -> Value {
        self.browser().leave_frames().await;
        let value = self.browser().evaluate(expression).await;
        self.enter().await;
        value
    }

    /// The height of the frame, when it is that of its page and the page has no scroll bar.
    async fn grown(&self) -> i64 {
        until("a frame as high as its page", SOON, async || {
            let heights = "[innerHeight, Math.ceil(document.body.getBoundingClientRect().height),
                document.documentElement.scrollHeight, innerWidth - document.documentElement.clientWidth]";
            let heights = self.browser().evaluate(heights).await;
            let [frame, body, whole, bar] = [0, 1, 2, 3].map(|index| heights[index].as_i64().unwrap());
            (frame == body && whole == body && bar == 0).then_some(frame)
        })
        .await
    }
}

#[tokio::test]
async fn a_frame_is_as_high_as_its_page() {
    let product = Product::open(json!({})).await;
    let (browser, desk) = (product.browser(), &product.desk);
    let automations = product.grown().await;
    browser.click(link("Deliveries")).await;
    wait_for_path_in_frame(browser, &desk.path("/deliveries")).await;
    let deliveries = product.grown().await;
    assert!(deliveries > automations + 200, "{automations} {deliveries}");

    // A page that changes without being loaded.
    let add =
        "void document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=more>x</p>'.repeat(50))";
    browser.evaluate(add).await;
    let longer = product.grown().await;
    assert!(longer > deliveries + 500, "{deliveries} {longer}");
    let remove = "void document.querySelectorAll('#more').forEach((more) => more.remove())";
    browser.evaluate(remove).await;
    assert_eq!(product.grown().await, deliveries);

    // The next page begins at its top, wherever the visitor was in the last.
    product.outside("void scrollTo(0, 1e6)").await;
    let top = "document.querySelector('iframe').getBoundingClientRect().top";
    assert!(product.outside(top).await.as_f64().unwrap() < -100.0);
    let events = "void document.querySelector('nav.tabs a[href$=\"/events\"]').click()";
    browser.evaluate(events).await;
    wait_for_path_in_frame(browser, &desk.path("/events")).await;
    until("the top of the page", SOON, async || {
        let top = product.outside(top).await;
        (top.as_f64().unwrap() >= -1.0).then_some(())
    })
    .await;

    // The product has its own.
    assert_eq!(browser.count(css(".brand")).await, 0);
    assert_eq!(browser.count(css(".sign-out")).await, 0);
    assert_eq!(browser.count(css(".find")).await, 1);
    browser.leave_frames().await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_frame_follows_the_theme_of_the_product() {
    let product = Product::open(json!({})).await;
    let (browser, desk) = (product.browser(), &product.desk);
    assert_eq!(browser.count(css("form.theme")).await, 1);
    product
        .outside("void (document.querySelector('iframe').dataset.theme = 'dark')")
        .await;
    browser.wait_for(css("html[data-theme=dark]")).await;
    assert_eq!(browser.count(css("form.theme")).await, 0, "the product chooses");
    // The server knows the theme: the next pages are dark from the start.
    until("a dark page from the server", SOON, async || {
        let cookies = browser.cookies().await;
        cookies
            .iter()
            .any(|cookie| cookie["value"] == "dark")
            .then_some(())
    })
    .await;
    browser.click(link("Events")).await;
    wait_for_path_in_frame(browser, &desk.path("/events")).await;
    browser.wait_for(css("html[data-theme=dark]")).await;
    product
        .outside("void (document.querySelector('iframe').dataset.theme = 'light')")
        .await;
    browser.wait_for(css("html[data-theme=light]")).await;

    // What another site says changes nothing.
    let forged = "(() => {
        const frame = document.querySelector('iframe');
        const before = frame.style.height;
        const data = { source: 'postrider', about: 'height', height: 9 };
        for (const [origin, source] of [['https://evil.example', frame.contentWindow], [new URL(frame.src).origin, window]]) {
            window.dispatchEvent(new MessageEvent('message', { data, origin, source }));
        }
        return frame.style.height === before;
    })()";
    assert_eq!(product.outside(forged).await, true);
    product
        .outside("void (document.querySelector('iframe').dataset.theme = 'system')")
        .await;
    browser.wait_for(css("html[data-theme=system]")).await;
    browser.click(link("Automations")).await;
    wait_for_path_in_frame(browser, &desk.path("/automations")).await;
    product.grown().await;
    browser.leave_frames().await;
    browser.update_screenshots("embedded").await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_frame_whose_session_has_ended_asks_for_a_new_link() {
    let product = Product::open(json!({})).await;
    let (browser, desk) = (product.browser(), &product.desk);
    end_sessions(desk).await;
    let next = desk.customer_link(json!({})).await;
    product
        .outside(&format!(
            "void document.addEventListener('postrider:signed-out', ({{ target }}) => {{
                window.asked = (window.asked ?? 0) + 1;
                target.src = '{next}';
            }})"
        ))
        .await;
    browser.click(link("Events")).await;
    // The new link leads to the first page.
    browser.leave_frames().await;
    until("a new link", SOON, async || {
        let asked = browser.evaluate("window.asked").await;
        (asked == 1).then_some(())
    })
    .await;
    product.enter().await;
    wait_for_path_in_frame(browser, &desk.path("/automations")).await;
    browser.wait_for(link("Events")).await;

    // A product whose links do not work is not asked all the time.
    end_sessions(desk).await;
    browser.click(link("Events")).await;
    browser.wait_for_text("You are signed out").await;
    product.grown().await;
    assert_eq!(product.outside("window.asked").await, 1);
    assert_eq!(product.outside("location.href").await, product.address.as_str());
    browser.leave_frames().await;
    browser.assert_no_fault_logged(&["401", "404"]).await;
}

/// Revokes the links, and with them the sessions that they began.
async fn end_sessions(desk: &Desk) {
    let links = desk.account.at("/portal-links");
    let listed = desk.account.api.get(links.clone()).await.expect(200);
    for link in listed["data"].as_array().unwrap() {
        let link = format!("{links}/{}", link["id"].as_str().unwrap());
        desk.account.api.delete(link).await.expect(204);
    }
}
