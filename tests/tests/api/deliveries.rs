//! `/v1/accounts/{account}/deliveries`

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn a_delivery_is_shown_with_every_attempt() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let refusal = Reply::status(503).with_body("busy").with_header("x-why", "load");
    receiver.respond("/hook", [refusal, Reply::status(200).with_body("ok")]);
    let automation = account.automation_with_delays(&receiver.url("/hook"), &[1]).await;
    let event = account.send("a", "1").await;
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(delivery["event_id"], event);
    assert_eq!(delivery["automation_id"], automation["id"]);
    assert_eq!(delivery["action_id"], automation["actions"][0]["id"]);
    assert_eq!(delivery["event_type"], "a");
    let [first, second] = attempts_of(&delivery) else {
        panic!("{delivery}")
    };
    assert_eq!((&first["number"], &second["number"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&first["outcome"], &first["status_code"]),
        (&json!("bad_status"), &json!(503))
    );
    assert_eq!(
        (&second["outcome"], &second["status_code"]),
        (&json!("succeeded"), &json!(200))
    );
    assert_eq!(
        (&first["response_body"], &second["response_body"]),
        (&json!("busy"), &json!("ok"))
    );
    assert_eq!(first["url"], receiver.url("/hook"));
    assert!(first["duration_ms"].is_number() && first["started_at"].is_string());
    assert!(
        first["response_headers"].to_string().contains("x-why"),
        "{}",
        first["response_headers"]
    );
    let sent = first["request_headers"].to_string().to_lowercase();
    for name in [
        "postrider-signature",
        "webhook-id",
        "webhook-signature",
        "user-agent",
        "content-type",
    ] {
        assert!(sent.contains(name), "{name}: {sent}");
    }
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_by_every_filter() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/bad", [Reply::status(500)]);
    let good = account
        .automation_on("good", json!({"url": receiver.url("/good")}))
        .await;
    let bad = account
        .automation_on("bad", json!({"url": receiver.url("/bad")}))
        .await;
    account
        .api
        .patch(
            account.at(&format!("/automations/{}", id_of(&bad))),
            json!({"retry_delays_s": []}),
        )
        .await;
    let succeeded = account.send("good", "1").await;
    let failed = account.send("bad", "1").await;
    let succeeded_id = id_of(&account.wait_for_delivery(&succeeded, "succeeded").await);
    let failed_id = id_of(&account.wait_for_delivery(&failed, "failed").await);
    let ids = async |query: String| -> Vec<String> {
        let page = account
            .api
            .get(account.at(&format!("/deliveries?{query}")))
            .await
            .expect(200);
        page["data"].as_array().unwrap().iter().map(id_of).collect()
    };
    assert_eq!(
        ids(String::new()).await,
        [failed_id.clone(), succeeded_id.clone()]
    );
    for query in [
        "status=succeeded".to_owned(),
        format!("event_id={succeeded}"),
        format!("automation_id={}", id_of(&good)),
        format!("action_id={}", id_of(&good["actions"][0])),
        "event_type=good".to_owned(),
        "status=succeeded&event_type=good&after=2026-01-01T00:00:00Z".to_owned(),
    ] {
        assert_eq!(
            ids(query.clone()).await,
            std::slice::from_ref(&succeeded_id),
            "{query}"
        );
    }
    assert_eq!(ids("status=failed".to_owned()).await, [failed_id]);
    for none in [
        "status=canceled",
        "status=pending",
        "before=2026-01-01T00:00:00Z",
        "status=failed&event_type=good",
    ] {
        assert!(ids(none.to_owned()).await.is_empty(), "{none}");
    }
}

#[tokio::test]
async fn an_invalid_filter_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (query, parameter, code) in [
        ("status=done", "status", "invalid_parameter"),
        ("event_id=x", "event_id", "invalid_parameter"),
        (
            "event_id=dlv_01h455vb4pex5vsknk084sn02q",
            "event_id",
            "invalid_parameter",
        ),
        ("automation_id=auto_", "automation_id", "invalid_parameter"),
        ("event_type=a%20b", "event_type", "invalid_parameter"),
        ("after=yesterday", "after", "invalid_parameter"),
        ("state=failed", "state", "unknown_parameter"),
        ("status=failed&status=failed", "status", "repeated_parameter"),
    ] {
        let response = account.api.get(account.at(&format!("/deliveries?{query}"))).await;
        response
            .problem(400, "invalid_query")
            .of_parameter(parameter, code);
    }
}

#[tokio::test]
async fn a_resend_is_one_more_attempt_with_the_same_id_and_bytes() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", r#"{"z":1,"é":"ü"}"#).await;
    let delivery = id_of(&account.wait_for_delivery(&event, "succeeded").await);
    account
        .api
        .post(account.at(&format!("/deliveries/{delivery}/resend")), "")
        .await
        .expect(202);
    let received = receiver.wait_for("/hook", 2, wait::SOON).await;
    assert_eq!(received[0].body, received[1].body);
    for name in ["webhook-id", "postrider-delivery-id", "postrider-signature"] {
        assert_eq!(received[0].header(name), received[1].header(name), "{name}");
    }
    assert_eq!(received[1].header("postrider-attempt"), "2");
    wait::until("both attempts are on record", wait::SOON, async || {
        let shown = account.delivery(&delivery).await;
        (attempts_of(&shown).len() == 2 && shown["status"] == "succeeded").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_failed_delivery_can_succeed_by_resend() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    account.automation_with_delays(&receiver.url("/hook"), &[]).await;
    let event = account.send("a", "1").await;
    let delivery = id_of(&account.wait_for_delivery(&event, "failed").await);
    account
        .api
        .post(account.at(&format!("/deliveries/{delivery}/resend")), "")
        .await
        .expect(202);
    assert_eq!(
        attempts_of(&account.delivery_once(&delivery, "succeeded").await).len(),
        2
    );
}

#[tokio::test]
async fn a_replay_resends_only_matching_deliveries() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond(
        "/bad",
        std::iter::repeat_n(Reply::status(500), 3).chain([Reply::status(204)]),
    );
    account
        .automation_on("good", json!({"url": receiver.url("/good")}))
        .await;
    let bad = account
        .automation_on("bad", json!({"url": receiver.url("/bad")}))
        .await;
    account
        .api
        .patch(
            account.at(&format!("/automations/{}", id_of(&bad))),
            json!({"retry_delays_s": []}),
        )
        .await;
    let good = account.send("good", "1").await;
    account.wait_for_delivery(&good, "succeeded").await;
    let mut failed = Vec::new();
    for n in 0..3 {
        failed.push(account.send("bad", &n.to_string()).await);
    }
    for event in &failed {
        account.wait_for_delivery(event, "failed").await;
    }
    let response = account
        .api
        .post(account.at("/deliveries/replay"), json!({"status": "failed"}))
        .await
        .expect(202);
    assert_eq!(response, json!({"count": 3}));
    for event in &failed {
        account.wait_for_delivery(event, "succeeded").await;
    }
    assert_eq!((receiver.count("/bad"), receiver.count("/good")), (6, 1));
    let none = account
        .api
        .post(account.at("/deliveries/replay"), json!({"status": "failed"}))
        .await
        .expect(202);
    assert_eq!(none["count"], 0);
}

#[tokio::test]
async fn a_replay_with_an_invalid_filter_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (body, pointer, code) in [
        (json!({"status": "done"}), "/status", "invalid_value"),
        (json!({"event_id": "x"}), "/event_id", "invalid_value"),
        (json!({"after": "yesterday"}), "/after", "invalid_value"),
        (json!({"state": "failed"}), "/state", "unknown_member"),
        (json!({"status": 1}), "/status", "wrong_type"),
    ] {
        let response = account.api.post(account.at("/deliveries/replay"), body).await;
        response.problem(422, "invalid_body").at(pointer, code);
    }
}

#[tokio::test]
async fn a_list_shows_deliveries_without_their_attempts() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", "1").await;
    account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(
        account.deliveries_of(&event).await[0]
            .get("attempts")
            .unwrap_or(&Value::Null),
        &Value::Null
    );
}
