//! How the live parts of pages end.

use std::time::{Duration, Instant};

use http::Method;
use postrider_tests::Browser;
use postrider_tests::browser::link;
use postrider_tests::wait::{SOON, stays, until};

use super::desk::Desk;

/// Long enough for two of the server's checks for changes, which it makes every 2 s, and a margin.
const SOME_LOOKS: Duration = Duration::from_secs(5);

/// How long a node may take to stop if only live pages are open.
const STOP_MAX: Duration = Duration::from_secs(1);

/// Waits until a live part of the page is connected and has received something.
async fn see_it_live(desk: &Desk, browser: &Browser) {
    browser.open(&desk.url(&desk.path("/events"))).await;
    desk.account.send("proposal.accepted", "1").await;
    browser.wait_for(link("proposal.accepted")).await;
}

#[tokio::test]
async fn a_node_that_stops_does_not_wait_for_live_pages() {
    let mut desk = Desk::open_with(&["--shutdown-grace", "20s"], Browser::start().await).await;
    see_it_live(&desk, &desk.browser).await;
    let started = Instant::now();
    let status = desk.server.stop();
    let took = started.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < STOP_MAX, "it took {took:?}");
}

#[tokio::test]
async fn a_live_page_gets_no_updates_after_sign_out() {
    let desk = Desk::open().await;
    see_it_live(&desk, &desk.browser).await;
    // Sign out as another tab would.
    let (cookie, csrf) = desk.credentials(&desk.browser).await;
    let anybody = desk.server.api().with_key(None);
    let sign_out = anybody
        .call(Method::POST, "/sign-out")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={csrf}"));
    assert_eq!(sign_out.send().await.status, 303);

    let shown = async || desk.browser.count(link("invoice.paid")).await;
    desk.account.send("invoice.paid", "1").await;
    stays("what the page shows", 0, SOME_LOOKS, shown).await;
    // The sign-out was what stopped the updates: the page now requires a sign-in.
    until("the sign-in form", SOON, async || {
        desk.browser.reload().await;
        (desk.browser.current_path().await == "/sign-in").then_some(())
    })
    .await;
}
