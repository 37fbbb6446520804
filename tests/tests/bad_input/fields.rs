//! JSON with a wrong shape or invalid values: all errors at once, each with a pointer.

use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

#[tokio::test]
async fn an_account_of_the_wrong_shape_is_refused_with_a_pointer() {
    let server = Server::start();
    let long = "x".repeat(257);
    for (body, pointer, code) in [
        (json!({}), "/name", "required"),
        (json!({"name": 1}), "/name", "wrong_type"),
        (json!({"name": null}), "/name", "wrong_type"),
        (json!({"name": " "}), "/name", "blank"),
        (json!({"name": "a\nb"}), "/name", "invalid_value"),
        (json!({"name": long}), "/name", "too_long"),
        (json!({"name": "A", "nam": 1}), "/nam", "unknown_member"),
        (json!({"name": "A", "a/b~c": 1}), "/a~1b~0c", "unknown_member"),
        (
            json!({"name": "A", "id": "acct_01h455vb4pex5vsknk084sn02q"}),
            "/id",
            "read_only",
        ),
        (json!({"name": "A", "uid": "a b"}), "/uid", "invalid_value"),
        (json!({"name": "A", "uid": ""}), "/uid", "invalid_value"),
        (json!({"name": "A", "uid": "acct_1"}), "/uid", "invalid_value"),
        (
            json!({"name": "A", "uid": "x".repeat(129)}),
            "/uid",
            "invalid_value",
        ),
        (json!({"name": "A", "uid": 7}), "/uid", "wrong_type"),
        (json!({"name": "A", "metadata": []}), "/metadata", "wrong_type"),
        (
            json!({"name": "A", "metadata": {"m": "x".repeat(17_000)}}),
            "/metadata",
            "too_long",
        ),
        (
            json!({"name": "A", "retry_delays_s": 5}),
            "/retry_delays_s",
            "wrong_type",
        ),
        (
            json!({"name": "A", "retry_delays_s": [1, 0]}),
            "/retry_delays_s/1",
            "out_of_range",
        ),
        (
            json!({"name": "A", "retry_delays_s": [604_801]}),
            "/retry_delays_s/0",
            "out_of_range",
        ),
        (
            json!({"name": "A", "retry_delays_s": [1.5]}),
            "/retry_delays_s/0",
            "wrong_type",
        ),
        (
            json!({"name": "A", "retry_delays_s": vec![1; 21]}),
            "/retry_delays_s",
            "too_many",
        ),
        (json!([]), "", "wrong_type"),
        (json!("A"), "", "wrong_type"),
    ] {
        server
            .api()
            .post("/v1/accounts", body)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    let page = server.api().get("/v1/accounts").await.expect(200);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn an_invalid_patch_of_an_account_changes_nothing() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let before = account.api.get(account.at("")).await.expect(200);
    for (patch, pointer, code) in [
        (json!({"name": null}), "/name", "required"),
        (json!({"name": "B", "uid": "a b"}), "/uid", "invalid_value"),
        (json!({"name": "B", "id": "x"}), "/id", "read_only"),
        (
            json!({"created_at": "2026-01-01T00:00:00Z"}),
            "/created_at",
            "read_only",
        ),
        (json!([]), "", "wrong_type"),
    ] {
        account
            .api
            .patch(account.at(""), patch)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    account
        .api
        .patch(account.at(""), "{")
        .await
        .problem(400, "malformed_json");
    assert_eq!(account.api.get(account.at("")).await.expect(200), before);
}

#[tokio::test]
async fn duplicate_members_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let twice = r#"{"name":"A","name":"B"}"#;
    server
        .api()
        .post("/v1/accounts", twice)
        .await
        .problem(422, "invalid_body")
        .at("/name", "duplicate_member");
    let inside = r#"{"name":"A","metadata":{"a":1,"a":2}}"#;
    server
        .api()
        .post("/v1/accounts", inside)
        .await
        .problem(422, "invalid_body")
        .at("/metadata/a", "duplicate_member");
    let event = r#"{"type":"a","data":1,"data":2}"#;
    let refused = account.api.post(account.at("/events"), event).await;
    refused
        .problem(422, "invalid_body")
        .at("/data", "duplicate_member");
    assert_eq!(account.count("events").await, 0);
}

fn automation(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "name": "Notify",
        "trigger": {"event_types": ["a"]},
        "actions": [{"type": "send_webhook", "url": NEVER_CALLED}],
    });
    change(&mut body);
    body
}

#[tokio::test]
async fn an_automation_of_the_wrong_shape_is_refused_with_a_pointer() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let event_types = |value: Value| automation(|it| it["trigger"]["event_types"] = value);
    for (body, pointer, code) in [
        (json!({}), "/name", "required"),
        (automation(|it| it["name"] = "".into()), "/name", "blank"),
        (
            automation(|it| it["enabled"] = "yes".into()),
            "/enabled",
            "wrong_type",
        ),
        (
            automation(|it| it["trigger"] = json!({})),
            "/trigger/event_types",
            "required",
        ),
        (
            automation(|it| it["trigger"]["condition"] = json!({})),
            "/trigger/condition",
            "unknown_member",
        ),
        (event_types(json!([])), "/trigger/event_types", "too_few"),
        (event_types(json!("a")), "/trigger/event_types", "wrong_type"),
        (
            event_types(json!(["a", "b c"])),
            "/trigger/event_types/1",
            "invalid_value",
        ),
        (
            event_types(json!(["a.*.b"])),
            "/trigger/event_types/0",
            "invalid_value",
        ),
        (
            event_types(json!(["a", "a"])),
            "/trigger/event_types/1",
            "duplicate",
        ),
        (
            event_types((0..101).map(|n| json!(format!("t{n}"))).collect()),
            "/trigger/event_types",
            "too_many",
        ),
        (automation(|it| it["actions"] = json!([])), "/actions", "too_few"),
        (
            automation(|it| it["actions"] = vec![it["actions"][0].clone(); 51].into()),
            "/actions",
            "too_many",
        ),
        (
            automation(|it| it["retry_delays_s"] = json!(["1"])),
            "/retry_delays_s/0",
            "wrong_type",
        ),
        (
            automation(|it| it["retry_delays_s"] = vec![1; 21].into()),
            "/retry_delays_s",
            "too_many",
        ),
        (automation(|it| it["id"] = "auto_x".into()), "/id", "read_only"),
    ] {
        let response = account.api.post(account.at("/automations"), body).await;
        response.problem(422, "invalid_body").at(pointer, code);
    }
    assert_eq!(account.count("automations").await, 0);
}

#[tokio::test]
async fn all_faults_of_a_body_are_reported_together() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let body = automation(|it| {
        it["name"] = "".into();
        it["trigger"]["event_types"] = json!(["b c"]);
        it["actions"][0]["url"] = "ftp://example.com/".into();
        it["actions"][0]["timeout_s"] = 61.into();
        it["actions"][0]["headers"] = json!({"Host": "x"});
    });
    let problem = account
        .api
        .post(account.at("/automations"), body)
        .await
        .problem(422, "invalid_body");
    let problem = problem
        .at("/name", "blank")
        .at("/trigger/event_types/0", "invalid_value");
    let problem = problem
        .at("/actions/0/url", "url_scheme")
        .at("/actions/0/timeout_s", "out_of_range");
    problem.at("/actions/0/headers/Host", "reserved_header");
}
