//! Times in the viewer's zone, with UTC beside it.

use postrider_tests::browser::css;
use postrider_tests::wait::{SOON, until};
use serde_json::json;

use super::desk::Desk;

/// A zone without summer time, five and a half hours ahead of UTC.
const ZONE: &str = "Asia/Kolkata";

#[tokio::test]
async fn exact_times_are_shown_in_the_viewers_zone_with_utc_beside_it() {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    let url = desk.receiver.url("/hooks");
    desk.account
        .automation(json!({"type": "send_webhook", "url": url}))
        .await;
    let event = desk.account.send("a.b", "1").await;
    let delivery = desk.account.wait_for_delivery(&event, "succeeded").await;
    let delivery = format!("/deliveries/{}", delivery["id"].as_str().unwrap());
    browser.emulate_zone(ZONE).await;
    desk.go(&delivery).await;
    // The relative time has the same words as its tooltip.
    let texts =
        "[...document.querySelectorAll('.timeline time')].map((time) => [time.textContent, time.title])";
    let exact = browser
        .evaluate("document.querySelector('.exact time').textContent")
        .await;
    let exact = exact.as_str().unwrap();
    assert!(exact.contains(" +05:30 (") && exact.ends_with(" UTC)"), "{exact}");
    let written = browser.evaluate(texts).await;
    for time in written.as_array().unwrap() {
        assert!(time[1].as_str().unwrap().contains(" +05:30 ("), "{written}");
    }
    // An update from the server brings UTC, and does not keep it.
    desk.go(&delivery).await;
    browser.click(css("#resend")).await;
    browser.wait_for_text("Attempt 2").await;
    let in_utc = "[...document.querySelectorAll('.exact time')].filter((time) => !time.textContent.includes('+05:30')).length";
    assert_eq!(browser.evaluate(in_utc).await, json!(0));

    browser.open(&desk.url("/system")).await;
    until("the time of the page in the zone", SOON, async || {
        browser
            .text(css(".as-of"))
            .await
            .contains(" +05:30 (")
            .then_some(())
    })
    .await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_tap_shows_the_exact_time_in_the_viewers_zone_also_before_the_first_update() {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    browser.emulate_zone(ZONE).await;
    browser.emulate_touch().await;
    desk.go("/deliveries").await;
    assert_eq!(
        browser.evaluate("matchMedia('(hover: none)').matches").await,
        json!(true)
    );
    // As the server writes it, and tapped at once.
    let tapped = browser
        .evaluate(
            "(() => {
                document.querySelector('main').insertAdjacentHTML('beforeend',
                    '<time id=\"new\" datetime=\"2026-11-24T15:41:03.120Z\" title=\"2026-11-24 15:41:03.120 UTC\">now</time>');
                const time = document.getElementById('new');
                time.click();
                const first = time.textContent;
                time.click();
                return [first, time.textContent];
            })()",
        )
        .await;
    assert_eq!(
        tapped[0],
        json!("2026-11-24 21:11:03.120 +05:30 (15:41:03.120 UTC)")
    );
    assert!(!tapped[1].as_str().unwrap().contains("UTC"), "{tapped}");
}

#[tokio::test]
async fn without_javascript_exact_times_are_in_utc() {
    let desk = Desk::open_without_javascript().await;
    desk.browser.emulate_zone(ZONE).await;
    desk.browser.open(&desk.url("/system")).await;
    let as_of = desk.browser.text(css(".as-of time")).await;
    assert!(as_of.ends_with(" UTC") && !as_of.contains('+'), "{as_of}");
}
