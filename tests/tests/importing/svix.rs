//! From Svix.

use serde_json::{Map, Value};

use super::*;
use crate::cli::profiles::{libraries_accept, request};

const EXPORT: &str = include_str!("exports/svix.json");
const KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

#[tokio::test]
async fn a_plan_prints_what_would_be_imported_and_no_secret_and_writes_nothing() {
    let moved = Move::from(EXPORT).await;
    let plan = moved.run("svix", &[]).await;
    assert!(
        plan.contains("customer-42 / crm: proposal.accepted, proposal.sent to http://"),
        "{plan}"
    );
    assert!(
        plan.contains("note: it listens to channels only (project_1)"),
        "{plan}"
    );
    assert!(plan.contains("3 endpoints and 1 event types"), "{plan}");
    assert!(!plan.contains("whsec_"), "{plan}");
    assert_eq!(moved.accounts().await, json!([]));
}

#[tokio::test]
async fn a_receiver_of_svix_verifies_with_its_library_and_its_key_after_the_move() {
    let moved = Move::from(EXPORT).await;
    let output = moved.run("svix", &["--apply"]).await;
    assert!(
        output.contains("customer-42 / crm: created, on, key kept"),
        "{output}"
    );
    let received = moved.delivered("customer-42", "/crm").await;
    // The body is what the producer sent, as it was with Svix.
    assert_eq!(received.body, r#"{"total": 1250.0}"#);
    assert_eq!(received.header("x-tenant"), "42");
    let headers: Map<String, Value> = ["svix-id", "svix-timestamp", "svix-signature"]
        .map(|name| (name.to_owned(), received.header(name).into()))
        .into_iter()
        .collect();
    let body = String::from_utf8_lossy(&received.body);
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let requests = [KEY, other].map(|key| request("svix", key, &body, &headers));
    assert_eq!(libraries_accept(&requests), [true, false]);
}

#[tokio::test]
async fn what_svix_did_and_an_automation_cannot_do_is_imported_switched_off_with_the_reason() {
    let moved = Move::from(EXPORT).await;
    moved.run("svix", &["--apply"]).await;
    let account = "app_2srOrx2ZWZBpBUvZwXKQmoEYga3";
    let channel = moved.automation(account, "ep_2srOrx2ZWZBpBUvZwXKQmoEYga3").await;
    assert_eq!(channel["enabled"], false);
    let reason = "it listens to channels only (project_1): use conditions";
    assert_eq!(channel["description"], reason);
    let off = moved.automation(account, "ep_3srOrx2ZWZBpBUvZwXKQmoEYga4").await;
    assert_eq!(off["enabled"], false);
    let described = moved.server.api().get("/v1/event-types/proposal.accepted").await;
    assert_eq!(
        described.expect(200)["description"],
        "A customer accepted a proposal"
    );
}

#[tokio::test]
async fn running_it_again_changes_nothing_and_puts_back_what_was_changed() {
    let moved = Move::from(EXPORT).await;
    moved.run("svix", &["--apply"]).await;
    let before = moved.automation("customer-42", "crm").await;
    let output = moved.run("svix", &["--apply"]).await;
    assert!(
        output.contains("customer-42 / crm: written, on, key unchanged"),
        "{output}"
    );
    assert_eq!(moved.automation("customer-42", "crm").await, before);

    let path = "/v1/accounts/customer-42/automations/crm";
    let patch = json!({"trigger": {"event_types": ["*"]}});
    moved.server.api().patch(path, patch).await.expect(200);
    moved.run("svix", &["--apply"]).await;
    let after = moved.automation("customer-42", "crm").await;
    assert_eq!(after["trigger"], before["trigger"]);
    assert_eq!(after["actions"], before["actions"]);
}

#[tokio::test]
async fn an_endpoint_whose_url_changed_keeps_its_action_and_the_key_that_its_receiver_knows() {
    let moved = Move::from(EXPORT).await;
    moved.run("svix", &["--apply"]).await;
    let before = moved.automation("customer-42", "crm").await;
    moved.now_responds(&EXPORT.replace("{receiver}/crm", "{receiver}/crm/v2"));
    let output = moved.run("svix", &["--apply"]).await;
    assert!(
        output.contains("customer-42 / crm: written, on, key unchanged"),
        "{output}"
    );
    let after = moved.automation("customer-42", "crm").await;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["actions"][0]["id"], before["actions"][0]["id"]);
    assert_eq!(after["actions"].as_array().unwrap().len(), 1);
    assert_eq!(moved.key_of("customer-42", "crm").await, KEY);
    let received = moved.delivered("customer-42", "/crm/v2").await;
    assert_eq!(received.header("x-tenant"), "42");
}

#[tokio::test]
async fn a_second_run_does_not_switch_on_an_action_that_postrider_switched_off() {
    let moved = Move::from(EXPORT).await;
    moved.run("svix", &["--apply"]).await;
    moved.receiver.respond("/crm", [Reply::status(410)]);
    let path = "/v1/accounts/customer-42/automations/crm";
    let patch = json!({"retry_delays_s": []});
    moved.server.api().patch(path, patch).await.expect(200);
    moved.delivered("customer-42", "/crm").await;
    let is_off = async || {
        let automation = moved.automation("customer-42", "crm").await;
        (automation["actions"][0]["enabled"] == false).then_some(())
    };
    until("the action is off", SOON, is_off).await;
    moved.run("svix", &["--apply"]).await;
    assert_eq!(is_off().await, Some(()));
}
