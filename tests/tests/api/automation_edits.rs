//! `PATCH` and `DELETE /v1/accounts/{account}/automations/{id}`: what an edit changes, and what it never
//! changes.

use std::time::Duration;

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

async fn patch(account: &Account, automation: &Value, patch: Value) -> Value {
    account
        .api
        .patch(account.at(&format!("/automations/{}", id_of(automation))), patch)
        .await
        .expect(200)
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_leaves_the_rest() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let before = account
        .automation(json!({"url": NEVER_CALLED, "timeout_s": 3}))
        .await;
    let after = patch(
        &account,
        &before,
        json!({"name": "Renamed", "retry_delays_s": [5]}),
    )
    .await;
    assert_eq!(
        (&after["name"], &after["retry_delays_s"]),
        (&json!("Renamed"), &json!([5]))
    );
    for member in ["id", "enabled", "trigger", "actions", "created_at"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let reset = patch(&account, &before, json!({"retry_delays_s": null})).await;
    assert_eq!(reset["retry_delays_s"], Value::Null);
}

#[tokio::test]
async fn an_action_resent_with_its_id_keeps_its_identity_and_record() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let before = account.automation(json!({"url": receiver.url("/old")})).await;
    account.send("a", "1").await;
    receiver.wait_for("/old", 1, wait::SOON).await;
    let id = id_of(&before["actions"][0]);
    let actions = json!([
        {"id": id, "type": "send_webhook", "url": receiver.url("/new")},
        {"type": "send_webhook", "url": receiver.url("/added")},
    ]);
    let after = patch(&account, &before, json!({"actions": actions})).await;
    assert_eq!(id_of(&after["actions"][0]), id);
    assert_ne!(id_of(&after["actions"][1]), id);
    account.send("a", "2").await;
    receiver.wait_for("/new", 1, wait::SOON).await;
    receiver.wait_for("/added", 1, wait::SOON).await;
    let page = account
        .api
        .get(account.at(&format!("/deliveries?action_id={id}")))
        .await
        .expect(200);
    assert_eq!(
        page["data"].as_array().unwrap().len(),
        2,
        "before and after the edit"
    );
    assert_eq!(receiver.count("/old"), 1);
}

#[tokio::test]
async fn an_edit_reaches_the_next_attempt_but_never_the_bytes() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/first", [Reply::status(500)]);
    let automation = account
        .automation_with_delays(&receiver.url("/first"), &[2])
        .await;
    account.send("a", r#"{"b":1}"#).await;
    let first = receiver.wait_for("/first", 1, wait::SOON).await.remove(0);
    let action = json!({
        "id": automation["actions"][0]["id"], "type": "send_webhook", "url": receiver.url("/second"),
        "body": "data", "body_style": "python", "headers": {"x-new": "1"},
    });
    patch(&account, &automation, json!({"actions": [action]})).await;
    let second = receiver.wait_for("/second", 1, wait::SOON).await.remove(0);
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(
        (
            first.header("postrider-attempt"),
            second.header("postrider-attempt")
        ),
        ("1", "2")
    );
    assert_eq!(second.header("x-new"), "1");
}

/// Waits for a failed first attempt, applies `change`, and expects that the retry, due 1 s after the first
/// failure, is never sent.
async fn is_never_called_again_after(change: impl AsyncFnOnce(&Account, &Value)) {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500)]);
    let automation = account
        .automation_with_delays(&receiver.url("/hook"), &[1, 1])
        .await;
    let event = account.send("a", "1").await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    change(&account, &automation).await;
    let called = receiver.count("/hook");
    let span = Duration::from_millis(2_500);
    wait::stays("an action that is off is not called", called, span, async || {
        receiver.count("/hook")
    })
    .await;
    let delivery = account.wait_for_delivery(&event, "canceled").await;
    assert_eq!(attempts_of(&delivery).len(), called);
    account.send("a", "2").await;
    let resend = format!("/deliveries/{}/resend", id_of(&delivery));
    account
        .api
        .post(account.at(&resend), "")
        .await
        .problem(409, "action_gone");
    assert_eq!(receiver.count("/hook"), called);
}

#[tokio::test]
async fn a_disabled_automation_is_not_called_anymore() {
    is_never_called_again_after(async |account: &Account, automation: &Value| {
        patch(account, automation, json!({"enabled": false})).await;
    })
    .await;
}

#[tokio::test]
async fn a_disabled_action_is_not_called_anymore() {
    is_never_called_again_after(async |account: &Account, automation: &Value| {
        let mut action = automation["actions"][0].clone();
        action["enabled"] = false.into();
        patch(account, automation, json!({"actions": [action]})).await;
    })
    .await;
}

#[tokio::test]
async fn an_action_omitted_from_a_patch_is_not_called_anymore() {
    is_never_called_again_after(async |account: &Account, automation: &Value| {
        let other = json!({"type": "send_webhook", "url": NEVER_CALLED, "enabled": false});
        patch(account, automation, json!({"actions": [other]})).await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_automation_is_not_found_and_not_called_anymore() {
    is_never_called_again_after(async |account: &Account, automation: &Value| {
        let path = account.at(&format!("/automations/{}", id_of(automation)));
        assert_eq!(account.api.delete(&path).await.status, 204);
        account.api.get(&path).await.problem(404, "automation_not_found");
    })
    .await;
}
