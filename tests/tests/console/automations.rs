//! Setting up automations.

use postrider_tests::browser::{button, css, label, link, text};
use postrider_tests::wait::SOON;
use serde_json::json;

use super::desk::Desk;

#[tokio::test]
async fn an_automation_with_two_urls_is_created_and_works() {
    let desk = Desk::open().await;
    make_one(&desk).await;
    desk.browser.assert_no_fault_logged(&["422"]).await;
}

#[tokio::test]
async fn the_same_without_javascript() {
    let desk = Desk::open_without_javascript().await;
    make_one(&desk).await;
}

/// Goes from the empty list to two webhooks that arrive, with a mistake on the way.
async fn make_one(desk: &Desk) {
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    desk.go("").await;
    browser.wait_for_text("No automations yet.").await;
    browser.click(link("New automation")).await;
    browser.type_into(label("Name"), "Tell the CRM").await;
    browser.click(css("input[value='proposal.accepted']")).await;
    browser.type_into(label("URL"), &receiver.url("/crm")).await;
    browser.click(button("Add a URL")).await;
    browser.type_into(label("URL 2"), "ftp://files.example").await;
    browser.click(button("Create automation")).await;

    // The error is shown at its field, and all input is kept.
    browser
        .wait_for_text("Not saved. Correct the field marked below.")
        .await;
    let fault = browser
        .attribute(label("URL 2"), "aria-describedby")
        .await
        .unwrap();
    assert!(!browser.text(&*format!("#{fault}")).await.is_empty());
    assert_eq!(
        browser.property(label("Name"), "value").await,
        json!("Tell the CRM")
    );
    assert_eq!(
        browser.property(label("URL 1"), "value").await,
        json!(receiver.url("/crm"))
    );
    let ticked = css("input[value='proposal.accepted']");
    assert_eq!(browser.property(ticked, "checked").await, json!(true));

    browser.click(button("Add a URL")).await;
    browser
        .type_into(label("URL 3"), "https://one.too.many.example")
        .await;
    browser.click(button("Remove URL 3")).await;
    browser.type_into(label("URL 2"), &receiver.url("/mail")).await;
    browser.click(button("Create automation")).await;
    browser.wait_for_text("Saved.").await;
    assert_eq!(browser.text("h1").await, "Tell the CRM");
    browser
        .wait_for_text("retries after 1 second, then 2 seconds, then marks the delivery failed")
        .await;

    desk.account.send("proposal.accepted", r#"{"total":8400}"#).await;
    receiver.wait_for("/crm", 1, SOON).await;
    receiver.wait_for("/mail", 1, SOON).await;
}

#[tokio::test]
async fn an_automation_is_disabled_enabled_edited_and_deleted() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    desk.account
        .automation(json!({"type": "send_webhook", "url": receiver.url("/hooks")}))
        .await;
    desk.go("/automations").await;
    browser.click(css("[role=switch]")).await;
    browser.wait_for(css("[role=switch][aria-checked=false]")).await;
    desk.account.send("a.b", "1").await;
    browser.click(css("[role=switch]")).await;
    browser.wait_for(css("[role=switch][aria-checked=true]")).await;
    desk.account.send("a.b", "2").await;
    let received = receiver.wait_for("/hooks", 1, SOON).await;
    assert!(received[0].body.ends_with(b"\"data\":2}"), "{received:?}");

    // An event happened meanwhile, so this is the page of the automation, which offers to send it.
    browser.wait_for_text("happened while it was off").await;
    browser.click(link("Edit")).await;
    browser.click(button("Options for this URL")).await;
    browser.type_into(label("Headers"), "X-Tenant: 42").await;
    browser.type_into(label("Timeout"), "soon").await;
    browser.click(button("Save changes")).await;
    browser.wait_for_text("Not saved.").await;
    browser.type_into(label("Timeout"), "5").await;
    browser.type_into(css("#requests-0"), "1000").await;
    browser.click(button("Save changes")).await;
    browser
        .wait_for_text("A rate limit must have 1 to 3600 seconds")
        .await;
    browser.type_into(css("#per_s-0"), "60").await;
    browser.click(button("Change this")).await;
    browser.type_into(css("#delays"), "3, 4").await;
    browser.click(button("Save changes")).await;
    browser
        .wait_for_text("retries after 3 seconds, then 4 seconds, then marks the delivery failed")
        .await;
    browser
        .wait_for_text("1 custom header, timeout 5 seconds, at most 1,000 requests every 60 seconds")
        .await;

    browser.click(link("Delete this automation…")).await;
    browser.click(button("Delete automation")).await;
    browser.wait_for(text("No automations yet.")).await;
    browser.assert_no_fault_logged(&["422"]).await;
}

#[tokio::test]
async fn a_concurrent_edit_is_not_overwritten() {
    let desk = Desk::open().await;
    let automation = desk
        .account
        .automation(json!({"type": "send_webhook", "url": desk.receiver.url("/hooks")}))
        .await;
    let id = automation["id"].as_str().unwrap();
    desk.go(&format!("/automations/{id}/edit")).await;
    desk.browser.type_into(label("Name"), "Mine").await;
    let path = desk.account.at(&format!("/automations/{id}"));
    desk.account
        .api
        .patch(path.clone(), json!({"name": "Theirs"}))
        .await
        .expect(200);
    desk.browser.click(button("Save changes")).await;
    let browser = &desk.browser;
    browser
        .wait_for_text("Not saved: this changed while you edited it.")
        .await;
    // Who it was, what is saved now, and everything that was typed.
    browser.wait_for_text("API key").await;
    browser.wait_for_text("“Theirs”").await;
    assert_eq!(browser.count(css("#conflict dt")).await, 1);
    assert_eq!(browser.property(label("Name"), "value").await, json!("Mine"));
    let saved = desk.account.api.get(path.clone()).await.expect(200);
    assert_eq!(saved["name"], "Theirs");

    browser
        .click(link("discard what you typed and edit the saved version"))
        .await;
    assert_eq!(browser.property(label("Name"), "value").await, json!("Theirs"));
    browser.type_into(label("Name"), "Mine after all").await;
    let changed = json!({"description": "Theirs, too"});
    desk.account.api.patch(path.clone(), changed).await.expect(200);
    browser.click(button("Save changes")).await;
    browser.click(button("Save anyway")).await;
    browser.wait_for_text("Saved.").await;
    let saved = desk.account.api.get(path).await.expect(200);
    assert_eq!(saved["name"], "Mine after all");
    assert_eq!(saved["description"], "");
    browser.assert_no_fault_logged(&["409"]).await;
}
