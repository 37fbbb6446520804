//! Automations by people who are no developers: conditions from an example, and a message to a chat.

use postrider_tests::Reply;
use postrider_tests::browser::{button, css, label, link};
use postrider_tests::wait::SOON;
use serde_json::json;

use super::desk::Desk;

const EXAMPLE: &str = r#"{"title": "Roof", "total": 1250.50, "customer": {"name": "Ada", "country": "DE"}}"#;

/// A desk whose catalogue has an example, and an account with these totals in recent events.
async fn with_events(desk: &Desk, totals: &[&str]) {
    let example =
        json!({"description": "", "example": serde_json::from_str::<serde_json::Value>(EXAMPLE).unwrap()});
    let put = desk
        .account
        .api
        .put("/v1/event-types/proposal.accepted", example)
        .await;
    put.expect(200);
    for total in totals {
        let data = format!(r#"{{"title":"Roof","total":{total},"customer":{{"name":"Ada"}}}}"#);
        desk.account.send("proposal.accepted", &data).await;
    }
}

#[tokio::test]
async fn conditions_are_built_from_an_example_and_checked_against_recent_events() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    with_events(&desk, &["300", "1000.00", "1e4"]).await;
    desk.go("/automations/new").await;
    browser.type_into(label("Name"), "Large ones").await;
    browser.click(css("input[value='proposal.accepted']")).await;
    browser.click(button("Add a condition")).await;
    browser.wait_for(css("[name='field.0']")).await;
    let offered = browser
        .evaluate("[...document.querySelectorAll('#fields option')].map(it => it.value)")
        .await;
    assert_eq!(
        offered,
        json!(["title", "total", "customer.name", "customer.country"])
    );
    browser.type_into(css("[name='field.0']"), "total").await;
    browser.choose(css("[name='op.0']"), "is at least").await;
    browser.type_into(css("[name='value.0']"), "1,000").await;
    browser.wait_for_text("Complete the conditions").await;
    browser.type_into(css("[name='value.0']"), "1000").await;
    browser
        .wait_for_text("This would have matched 2 of the last 3 events.")
        .await;
    browser.click(button("Show these events")).await;
    browser.wait_for_text("total is 300, needs at least 1,000").await;
    browser.assert_accessible("form with conditions").await;
    browser.type_into(label("URL"), &receiver.url("/crm")).await;
    browser.click(button("Create automation")).await;
    browser.wait_for_text("Saved.").await;
    browser.wait_for_text("total ≥ 1000").await;

    desk.account
        .send("proposal.accepted", r#"{"total":999.99}"#)
        .await;
    desk.account.send("proposal.accepted", r#"{"total":1000}"#).await;
    let received = receiver.wait_for("/crm", 1, SOON).await;
    assert!(received[0].body.ends_with(b"{\"total\":1000}}"), "{received:?}");
    desk.go("/events").await;
    browser.click(css("tbody tr:nth-child(2) td.lead a")).await;
    browser
        .wait_for_text("does not run: total is 999.99, needs at least 1,000")
        .await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_message_to_slack_is_written_with_the_fields_of_the_newest_event() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    with_events(&desk, &["1250.50"]).await;
    desk.go("/automations/new").await;
    browser.type_into(label("Name"), "Tell sales").await;
    browser.click(css("input[value='proposal.accepted']")).await;
    browser.click(button("Slack")).await;
    browser.wait_for_text("api.slack.com/apps").await;
    browser
        .type_into(css("#url-0"), &receiver.url("/services/T1/B1/x"))
        .await;
    browser.type_into(css("#sentence-0"), "Accepted: ").await;
    browser.click(button("data.title")).await;
    browser.wait_for_text("\"text\": \"Accepted: Roof\"").await;
    browser.click(button("Create automation")).await;
    browser.wait_for_text("Slack message").await;

    desk.account
        .send("proposal.accepted", r#"{"title":"<!channel> \"big\" & more"}"#)
        .await;
    let received = receiver.wait_for("/services/T1/B1/x", 1, SOON).await;
    let body: serde_json::Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(
        body,
        json!({"text": "Accepted: &lt;!channel&gt; \"big\" &amp; more"})
    );
    browser.click(link("Edit")).await;
    let sentence = browser.property(css("#sentence-0"), "value").await;
    assert_eq!(sentence, json!("Accepted: {{ data.title }}"));
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn a_page_says_that_the_receiver_asked_to_wait_and_how_much_waits() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    let wait = Reply::status(503).with_header("retry-after", "600");
    receiver.respond("/busy", [wait]);
    let action = json!({"type": "send_webhook", "url": receiver.url("/busy")});
    let automation = desk.account.automation(action).await;
    for n in 0..3 {
        desk.account.send("a.b", &n.to_string()).await;
    }
    receiver.wait_for("/busy", 1, SOON).await;
    desk.go(&format!("/automations/{}", automation["id"].as_str().unwrap()))
        .await;
    let paused = "paused, as the receiver asked; resumes in ";
    postrider_tests::wait::until("the page says so", SOON, async || {
        browser.reload().await;
        let text = browser.text("main").await;
        (text.contains(paused) && text.contains("3 deliveries wait")).then_some(())
    })
    .await;
}
