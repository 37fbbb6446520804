//! Following deliveries: tests, live retries, the timeline, resending.

use postrider_tests::Reply;
use postrider_tests::browser::{DESKTOP_PX, Emulation, PHONE_PX, button, css, label, link, text};
use postrider_tests::wait::SOON;
use serde_json::json;

use super::desk::Desk;

#[tokio::test]
async fn a_test_shows_what_was_sent_and_what_came_back() {
    let desk = Desk::open().await;
    send_test(&desk).await;
    desk.browser.assert_no_fault_logged(&["422"]).await;
}

#[tokio::test]
async fn a_test_without_javascript() {
    send_test(&Desk::open_without_javascript().await).await;
}

async fn send_test(desk: &Desk) {
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    let response = Reply::status(200).with_body(r#"{"thanks":"we have it"}"#);
    receiver.respond("/hooks", [response]);
    let automation = desk
        .account
        .automation_on(
            "proposal.accepted",
            json!({"type": "send_webhook", "url": receiver.url("/hooks")}),
        )
        .await;
    let id = automation["id"].as_str().unwrap();
    desk.go(&format!("/automations/{id}")).await;
    browser.click(button("Choose what to send")).await;
    browser.type_into(label("Data (JSON)"), r#"{"total": "#).await;
    browser.click(button("Send a test")).await;
    // The error is shown at the field, and the input is kept.
    browser.wait_for(css("#data[aria-invalid=true]")).await;
    assert_eq!(
        browser.property(css("#data"), "value").await,
        json!(r#"{"total": "#)
    );
    browser
        .type_into(label("Data (JSON)"), r#"{"total": 12950.5}"#)
        .await;
    browser.click(button("Send a test")).await;
    // With scripts the page is live; without, it reloads by itself.
    browser.wait_for_text("we have it").await;
    browser.wait_for_text("12950.5").await;
    let sent = receiver.wait_for("/hooks", 1, SOON).await;
    assert!(sent[0].body.ends_with(br#""data":{"total":12950.5}}"#));
    browser.wait_for_text(sent[0].header("postrider-signature")).await;
}

#[tokio::test]
async fn a_failing_delivery_is_seen_to_retry_and_can_be_resent() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    let busy = Reply::status(503).with_body("come back later");
    receiver.respond(
        "/hooks",
        [busy.clone(), busy, Reply::status(200).with_body("thanks")],
    );
    desk.account
        .automation(json!({"type": "send_webhook", "url": receiver.url("/hooks")}))
        .await;

    // The new row appears by itself.
    desk.go("/deliveries").await;
    browser.wait_for_text("No deliveries yet.").await;
    desk.account.send("proposal.accepted", r#"{"total":8400}"#).await;
    browser.wait_for(link("proposal.accepted")).await;
    browser.click(link("proposal.accepted")).await;

    // So do the attempts, on a page that is not reloaded.
    browser.evaluate("window.untouched = true").await;
    browser.wait_for_text("Attempt 1").await;
    browser.wait_for_text("Attempt 2").await;
    browser.wait_for_text("Succeeded at the third attempt").await;
    assert_eq!(browser.evaluate("window.untouched").await, json!(true));
    browser.wait_for_text("come back later").await;

    // The whole request and response, to read and to copy.
    let sent = receiver.received("/hooks");
    browser.click(button("Request of attempt 3")).await;
    browser.wait_for_text(sent[2].header("webhook-signature")).await;
    browser
        .click(button("As a curl command").within("[id$='-3']"))
        .await;
    browser.wait_for_text("curl").await;

    browser.click(button("Resend")).await;
    receiver.wait_for("/hooks", 4, SOON).await;
    browser.wait_for_text("Attempt 4").await;
    browser.wait_for_text("Resent by POSTRIDER_ADMIN_KEY").await;
    let bodies: Vec<_> = receiver
        .received("/hooks")
        .into_iter()
        .map(|it| it.body)
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_response_is_always_shown_as_text() {
    let desk = Desk::open().await;
    let hostile = "<script>window.pwned = true</script><img src=x onerror='window.pwned = true'>";
    let response = Reply::status(200)
        .with_header("content-type", "text/html")
        .with_header("x-odd", "</td><script>window.pwned = true</script>")
        .with_body(hostile);
    desk.receiver.respond("/hooks", [response]);
    desk.account
        .automation(json!({"type": "send_webhook", "url": desk.receiver.url("/hooks")}))
        .await;
    let data = json!({"name": "</script><script>window.pwned = true</script>"});
    let event = desk.account.send("a.b", &data.to_string()).await;
    let delivery = desk.account.wait_for_delivery(&event, "succeeded").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        format!("/deliveries/{delivery}"),
        format!("/events/{event}"),
        "/events".to_owned(),
        "/deliveries".to_owned(),
    ] {
        desk.go(&path).await;
        assert_eq!(
            desk.browser.evaluate("window.pwned ?? null").await,
            json!(null),
            "{path}"
        );
    }
    desk.go(&format!("/deliveries/{delivery}")).await;
    desk.browser.wait_for_text("window.pwned = true").await;
    desk.browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn failed_deliveries_are_counted_and_replayed_with_progress() {
    let desk = Desk::open().await;
    replay(&desk).await;
    desk.browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn failed_deliveries_are_replayed_without_javascript() {
    replay(&Desk::open_without_javascript().await).await;
}

async fn replay(desk: &Desk) {
    const FAILED: usize = 12;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    receiver.respond("/hooks", [Reply::status(500)]);
    let url = receiver.url("/hooks");
    desk.account.automation_with_delays(&url, &[]).await;
    for number in 0..FAILED {
        let event = desk.account.send("proposal.accepted", &number.to_string()).await;
        desk.account.wait_for_delivery(&event, "failed").await;
    }
    receiver.respond("/hooks", [Reply::status(200)]);
    desk.go("/deliveries?status=failed").await;
    browser.click(link("Replay these…")).await;
    browser.click(button("Count deliveries")).await;
    browser.wait_for_text("12 deliveries can be replayed").await;
    assert_eq!(receiver.count("/hooks"), FAILED);
    browser.click(button("Replay 12 deliveries")).await;
    browser.wait_for_text("12 deliveries replayed.").await;
    receiver.wait_for("/hooks", 2 * FAILED, SOON).await;
    browser.click(link("See the deliveries")).await;
    browser.wait_for(text("Succeeded").within("tbody")).await;
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_named_and_nothing_acts_on_the_whole_list() {
    let desk = Desk::open().await;
    let browser = &desk.browser;
    let url = desk.receiver.url("/hooks");
    desk.account
        .automation(json!({"type": "send_webhook", "url": url}))
        .await;
    desk.account.send("a.b", "1").await;
    desk.go("/deliveries?status=bogus&action=act_x&outcome=nope")
        .await;
    browser.wait_for_text("“bogus” is not a status.").await;
    browser.wait_for_text("“act_x” is not the id of an action.").await;
    browser
        .wait_for_text("“nope” is not an outcome of an attempt.")
        .await;
    for invalid in ["#status", "#action", "#outcome"] {
        let described = browser.attribute(css(invalid), "aria-describedby").await;
        browser.wait_for(css(&format!("#{}", described.unwrap()))).await;
    }
    browser.wait_for(link("a.b")).await;
    for offer in [link("Replay these…"), link("Cancel pending…"), link("CSV")] {
        assert_eq!(browser.count(offer).await, 0);
    }
    assert_eq!(browser.count(css("input[name=delivery]")).await, 0);
    browser.click(link("Show all")).await;
    browser.wait_for(link("Replay…")).await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn ticked_rows_are_counted_and_resent_from_wherever_the_list_is_scrolled_to() {
    const DELIVERIES: usize = 40;
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    receiver.respond("/hooks", [Reply::status(200)]);
    let url = receiver.url("/hooks");
    desk.account
        .automation(json!({"type": "send_webhook", "url": url}))
        .await;
    for number in 0..DELIVERIES {
        desk.account.send("a.b", &number.to_string()).await;
    }
    receiver.wait_for("/hooks", DELIVERIES, SOON).await;
    desk.go("/deliveries?status=succeeded").await;
    browser
        .wait_for(css("tbody tr:nth-child(40) input:enabled"))
        .await;
    for width_px in [PHONE_PX, DESKTOP_PX] {
        browser
            .emulate(Emulation {
                width_px,
                ..Emulation::default()
            })
            .await;
        browser.wait_until_hidden(css("#chosen")).await;
        browser.evaluate("scrollTo(0, 0)").await;
        for row in ["1", "3"] {
            let box_of_row = format!("tbody tr:nth-child({row}) input[name=delivery]");
            browser.click(css(&box_of_row)).await;
        }
        browser.wait_for_text("2 ticked").await;
        let in_sight = "(() => {
            const bar = document.getElementById('chosen').getBoundingClientRect();
            return [bar.top >= 0 && bar.bottom <= innerHeight, document.documentElement.scrollHeight > 2 * innerHeight];
        })()";
        assert_eq!(
            browser.evaluate(in_sight).await,
            json!([true, true]),
            "at {width_px} pixels"
        );
        browser.click(button("Untick all")).await;
    }
    browser.wait_until_hidden(css("#chosen")).await;
    browser.click(css("[data-choose-all]")).await;
    browser.wait_for_text("40 ticked").await;
    browser.click(css("[data-choose-all]")).await;
    browser
        .click(css("tbody tr:nth-child(5) input[name=delivery]"))
        .await;
    browser.wait_for_text("1 ticked").await;
    browser.click(button("Resend ticked")).await;
    browser.wait_for_text("1 delivery resent.").await;
    receiver.wait_for("/hooks", DELIVERIES + 1, SOON).await;
    browser.assert_no_fault_logged(&[]).await;
}
