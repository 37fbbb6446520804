//! `/v1/accounts/{account}/automations`

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn an_automation_is_created_with_defaults_and_read_back() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let body = json!({
        "name": "Tell the CRM",
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": [{"type": "send_webhook", "url": NEVER_CALLED}],
    });
    let response = account.api.post(account.at("/automations"), body).await;
    let created = response.expect(201);
    let id = id_of(&created);
    assert!(id.starts_with("auto_"));
    assert_eq!(
        response.header("location"),
        account.at(&format!("/automations/{id}"))
    );
    assert_eq!(created["enabled"], true);
    assert_eq!(created["retry_delays_s"], Value::Null);
    let action = &created["actions"][0];
    assert!(id_of(action).starts_with("act_"));
    assert_eq!(action["type"], "send_webhook");
    assert_eq!(action["enabled"], true);
    assert_eq!(
        (&action["body"], &action["body_style"]),
        (&json!("envelope"), &json!("js"))
    );
    assert_eq!(
        (&action["headers"], &action["timeout_s"]),
        (&json!({}), &Value::Null)
    );
    assert_eq!(
        account
            .api
            .get(account.at(&format!("/automations/{id}")))
            .await
            .expect(200),
        created
    );
}

#[tokio::test]
async fn every_option_of_an_action_is_kept_and_used() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let action = json!({
        "url": receiver.url("/hook?tenant=1"), "body": "data", "body_style": "python",
        "headers": {"Authorization": "Bearer 42", "X-Tenant": "a b"}, "plain_headers": ["X-Tenant"],
        "timeout_s": 7,
    });
    let created = account.automation(action.clone()).await;
    for member in ["url", "body", "body_style", "plain_headers", "timeout_s"] {
        assert_eq!(created["actions"][0][member], action[member], "{member}");
    }
    assert_eq!(
        created["actions"][0]["headers"],
        json!({"Authorization": "••••", "X-Tenant": "a b"})
    );
    account.send("a", r#"{"b":1,"a":[2]}"#).await;
    let received = &receiver.wait_for("/hook?tenant=1", 1, wait::SOON).await[0];
    assert_eq!(received.body, r#"{"b": 1, "a": [2]}"#);
    assert_eq!(received.header("authorization"), "Bearer 42");
    assert_eq!(received.header("x-tenant"), "a b");
}

#[tokio::test]
async fn each_url_gets_a_delivery_of_its_own() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let actions: Vec<_> = (0..3)
        .map(|n| json!({"type": "send_webhook", "url": receiver.url(&format!("/{n}"))}))
        .collect();
    let body = json!({"name": "Three", "trigger": {"event_types": ["*"]}, "actions": actions});
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(201);
    let accepted = account.post_event("a", "1").await.expect(202);
    assert_eq!(accepted["deliveries"], 3);
    for n in 0..3 {
        receiver.wait_for(&format!("/{n}"), 1, wait::SOON).await;
    }
    assert_eq!(account.deliveries_of(&id_of(&accepted)).await.len(), 3);
}

#[tokio::test]
async fn triggers_match_exactly_by_prefix_or_everything() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    for (pattern, path) in [
        ("proposal.accepted", "/exact"),
        ("proposal.*", "/prefix"),
        ("*", "/all"),
    ] {
        account
            .automation_on(pattern, json!({"url": receiver.url(path)}))
            .await;
    }
    for (event_type, deliveries) in [
        ("proposal.accepted", 3),
        ("proposal.line.added", 2),
        ("proposal", 1),
        ("proposals.x", 1),
    ] {
        assert_eq!(
            account.post_event(event_type, "1").await.expect(202)["deliveries"],
            deliveries,
            "{event_type}"
        );
    }
    receiver.wait_for("/all", 4, wait::SOON).await;
    receiver.wait_for("/prefix", 2, wait::SOON).await;
    receiver.wait_for("/exact", 1, wait::SOON).await;
}

#[tokio::test]
async fn automations_are_listed_newest_first() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let older = account.automation(json!({"url": NEVER_CALLED})).await;
    let newer = account.automation(json!({"url": NEVER_CALLED})).await;
    let page = account.api.get(account.at("/automations")).await.expect(200);
    assert_eq!(page["data"], json!([newer, older]));
}

#[tokio::test]
async fn a_test_without_a_body_sends_the_example_of_the_catalogue() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account
        .api
        .put("/v1/event-types/order.paid", json!({"example": {"order": 7}}))
        .await;
    let automation = account
        .automation_on("order.paid", json!({"url": receiver.url("/hook")}))
        .await;
    let path = account.at(&format!("/automations/{}/test", id_of(&automation)));
    account
        .api
        .call(http::Method::POST, path)
        .send()
        .await
        .expect(202);
    let received = receiver.wait_for("/hook", 1, wait::SOON).await;
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]),
        (&json!("order.paid"), &json!({"order": 7}))
    );
}

#[tokio::test]
async fn a_test_of_a_disabled_automation_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let automation = account.automation(json!({"url": NEVER_CALLED})).await;
    let path = account.at(&format!("/automations/{}", id_of(&automation)));
    account
        .api
        .patch(&path, json!({"enabled": false}))
        .await
        .expect(200);
    account
        .api
        .post(format!("{path}/test"), "{}")
        .await
        .problem(409, "automation_disabled");
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn a_final_410_disables_the_action() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/gone", [Reply::status(410)]);
    let automation = account.automation_with_delays(&receiver.url("/gone"), &[]).await;
    let event = account.send("a", "1").await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    assert_eq!(attempts_of(&delivery)[0]["status_code"], 410);
    let path = account.at(&format!("/automations/{}", id_of(&automation)));
    let shown = wait::until("the action is off", wait::SOON, async || {
        Some(account.api.get(&path).await.expect(200)).filter(|shown| shown["actions"][0]["enabled"] == false)
    });
    assert_eq!(shown.await["actions"][0]["disabled_reason"], "gone");
    // The list reads the store; acceptance reads what the node holds, which follows a moment later.
    wait::until("events skip the action", wait::SOON, async || {
        let accepted = account.post_event("a", "1").await.expect(202);
        (accepted["deliveries"] == 0).then_some(())
    })
    .await;
}
