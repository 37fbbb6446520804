//! Invalid events.

use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Server};
use serde_json::json;

#[tokio::test]
async fn an_event_of_the_wrong_shape_is_refused_with_a_pointer() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (body, pointer, code) in [
        (json!({"data": 1}), "/type", "required"),
        (json!({"type": "a"}), "/data", "required"),
        (json!({"type": 1, "data": 1}), "/type", "wrong_type"),
        (
            json!({"type": "a", "data": 1, "payload": 1}),
            "/payload",
            "unknown_member",
        ),
        (json!({"type": "a", "data": 1, "id": 1}), "/id", "wrong_type"),
        (json!([1]), "", "wrong_type"),
        (json!(null), "", "wrong_type"),
    ] {
        account
            .api
            .post(account.at("/events"), body)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn event_type_names_outside_the_alphabet_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for event_type in [
        "",
        "a b",
        "a/b",
        "é",
        "a*",
        "*",
        "a:b",
        "a\n",
        "\u{0}",
        &"x".repeat(129),
    ] {
        let body = json!({"type": event_type, "data": 1});
        let response = account.api.post(account.at("/events"), body).await;
        response.problem(422, "invalid_body").at("/type", "invalid_value");
    }
    let longest = json!({"type": "x".repeat(128), "data": 1});
    account.api.post(account.at("/events"), longest).await.expect(202);
    assert_eq!(account.count("events").await, 1);
    let types = account.api.get("/v1/event-types").await.expect(200);
    assert_eq!(types["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_event_ids_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for id in [
        "",
        "x",
        "evt_",
        "evt_x",
        "dlv_01h455vb4pex5vsknk084sn02q",
        "evt_01H455VB4PEX5VSKNK084SN02Q",
        "evt_81h455vb4pex5vsknk084sn02q",
        "evt_01h455vb4pex5vsknk084sn02q ",
    ] {
        let body = json!({"type": "a", "data": 1, "id": id});
        let response = account.api.post(account.at("/events"), body).await;
        response.problem(422, "invalid_body").at("/id", "invalid_value");
    }
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn invalid_times_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for time in [
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-02-30T00:00:00Z",
        "1769850000",
        "2026-01-31T25:00:00Z",
    ] {
        let body = json!({"type": "a", "data": 1, "occurred_at": time});
        let response = account.api.post(account.at("/events"), body).await;
        response
            .problem(422, "invalid_body")
            .at("/occurred_at", "invalid_value");
        for list in ["events", "deliveries"] {
            for parameter in ["after", "before"] {
                let response = account
                    .api
                    .get(account.at(&format!("/{list}?{parameter}={time}")))
                    .await;
                response
                    .problem(400, "invalid_query")
                    .of_parameter(parameter, "invalid_parameter");
            }
        }
    }
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn a_batch_of_the_wrong_shape_is_refused_as_a_whole() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (body, pointer, code) in [
        (json!({}), "/events", "required"),
        (json!({"events": {}}), "/events", "wrong_type"),
        (
            json!({"events": [{"type": "a", "data": 1}], "x": 1}),
            "/x",
            "unknown_member",
        ),
        (json!([{"type": "a", "data": 1}]), "", "wrong_type"),
    ] {
        account
            .api
            .post(account.at("/events/batch"), body)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    let broken = r#"{"events":[{"type":"a","data":1},{"type":"a","data":]}"#;
    account
        .api
        .post(account.at("/events/batch"), broken)
        .await
        .problem(400, "malformed_json");
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn a_test_with_invalid_input_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let automation = account.automation(json!({"url": NEVER_CALLED})).await;
    let path = account.at(&format!(
        "/automations/{}/test",
        automation["id"].as_str().unwrap()
    ));
    for (body, pointer, code) in [
        (json!({"type": "a b"}), "/type", "invalid_value"),
        (json!({"typ": "a"}), "/typ", "unknown_member"),
    ] {
        account
            .api
            .post(&path, body)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    account.api.post(&path, "{").await.problem(400, "malformed_json");
    assert_eq!(account.count("events").await, 0);
}
