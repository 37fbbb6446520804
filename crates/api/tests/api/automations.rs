//! Automations and their actions.

use serde_json::{Value, json};

use crate::app::{App, url};

fn with(member: &str, value: Value) -> Value {
    let mut body = json!({
        "name": "Tell them",
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": [{"type": "send_webhook", "url": url(200)}],
    });
    body[member] = value;
    body
}

fn with_action(member: &str, value: Value) -> Value {
    let mut body = with("name", json!("Tell them"));
    body["actions"][0][member] = value;
    body
}

#[tokio::test]
async fn an_automation_is_created_with_defaults_read_and_deleted() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let created = app.post(&automations, &with("name", json!("n"))).await;
    let automation = created.expect(201);
    let path = format!("{automations}/{}", automation["id"].as_str().unwrap());
    assert_eq!(created.headers["location"], path.as_str());
    let mut action = automation["actions"][0].clone();
    assert!(action["id"].as_str().unwrap().starts_with("act_"));
    action.as_object_mut().unwrap().remove("id");
    assert_eq!(
        action,
        json!({"type": "send_webhook", "enabled": true, "disabled_reason": null, "url": url(200), "body": "envelope",
            "secret_query": false, "body_style": "js", "headers": {}, "plain_headers": [], "signature_profile": null,
            "signing_key": "account",
            "timeout_s": null, "rate_limit": null, "template": null, "content_type": null,
            "connection_id": null,
            "health": {"status": "healthy"}})
    );
    assert_eq!(
        (&automation["enabled"], &automation["retry_delays_s"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(app.get(&path).await.expect(200), automation);
    assert_eq!(
        app.get(&automations).await.expect(200)["data"],
        json!([automation])
    );
    app.delete(&path).await.expect(204);
    app.delete(&path).await.problem(404, "automation_not_found");
}

#[tokio::test]
async fn a_patch_keeps_omitted_members_and_the_identity_of_resent_actions() {
    let app = App::start().await;
    let account = app.account().await;
    let before = app.automation(&account, 200).await;
    let path = format!("{account}/automations/{}", before["id"].as_str().unwrap());
    let off = app.patch(&path, &json!({"enabled": false})).await.expect(200);
    assert_eq!(
        (&off["enabled"], &off["actions"], &off["trigger"]),
        (&json!(false), &before["actions"], &before["trigger"])
    );

    let mut kept = before["actions"][0].clone();
    kept["url"] = json!(url(500));
    kept["headers"] = json!({"X-B": "2", "X-A": "1"});
    kept["plain_headers"] = json!(["X-B", "X-A"]);
    let two = json!([kept, {"type": "send_webhook", "url": url(201), "body": "data", "body_style": "python", "timeout_s": 60,
        "rate_limit": {"requests": 100, "per_s": 60}}]);
    let after = app.patch(&path, &json!({"actions": two})).await.expect(200);
    assert_eq!(after["actions"][0], kept);
    assert_ne!(after["actions"][1]["id"], before["actions"][0]["id"]);
    let order: Vec<_> = after["actions"][0]["headers"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(order, ["X-B", "X-A"]);
    assert_eq!(app.get(&path).await.expect(200), after);

    app.patch(&path, &json!({"id": "auto_1"}))
        .await
        .fault("/id", "read_only");
    app.patch(&path, &json!({"trigger": null}))
        .await
        .fault("/trigger", "required");
    app.patch(&path, &json!({"trigger": {"event_typs": null}}))
        .await
        .fault("/trigger/event_typs", "unknown_member");
    app.patch(&path, &json!({"actions": []}))
        .await
        .fault("/actions", "too_few");
    let stranger = json!([{"id": "act_01h455vb4pex5vsknk084sn02q", "type": "send_webhook", "url": url(200)}]);
    app.patch(&path, &json!({"actions": stranger}))
        .await
        .fault("/actions/0/id", "unknown_action");
    app.patch(&path, &json!({"actions": [kept, kept]}))
        .await
        .fault("/actions/1/id", "duplicate");
    kept["disabled_reason"] = json!("gone");
    app.patch(&path, &json!({"actions": [kept]}))
        .await
        .fault("/actions/0/disabled_reason", "read_only");
    assert_eq!(app.get(&path).await.expect(200), after);
}

#[tokio::test]
async fn destinations_are_checked_when_saved() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    for (url, code) in [
        ("not a url", "url_invalid"),
        ("ftp://example.com/", "url_scheme"),
        ("https://user:pass@example.com/", "url_user_info"),
        ("https://example.com:22/", "url_port"),
        ("http://127.0.0.1/", "destination_forbidden"),
        ("http://localhost:3000/", "destination_forbidden"),
        ("http://169.254.169.254/latest", "destination_forbidden"),
        ("https://db.internal/", "destination_forbidden"),
    ] {
        app.post(&automations, &with_action("url", json!(url)))
            .await
            .fault("/actions/0/url", code);
    }
    app.post(
        &automations,
        &with_action("url", json!(format!("https://a.example/{}", "x".repeat(2048)))),
    )
    .await
    .fault("/actions/0/url", "url_too_long");
    assert_eq!(app.get(&automations).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn invalid_members_of_actions_are_reported_with_pointers() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    for (body, pointer, code) in [
        (
            with_action("urll", json!("x")),
            "/actions/0/urll",
            "unknown_member",
        ),
        (
            with_action("type", json!("send_fax")),
            "/actions/0/type",
            "invalid_value",
        ),
        (
            with_action("body", json!("all")),
            "/actions/0/body",
            "invalid_value",
        ),
        (
            with_action("body_style", json!("ruby")),
            "/actions/0/body_style",
            "invalid_value",
        ),
        (
            with_action("timeout_s", json!(61)),
            "/actions/0/timeout_s",
            "out_of_range",
        ),
        (
            with_action("rate_limit", json!({"requests": 0, "per_s": 60})),
            "/actions/0/rate_limit/requests",
            "out_of_range",
        ),
        (
            with_action("rate_limit", json!({"requests": 1})),
            "/actions/0/rate_limit/per_s",
            "required",
        ),
        (
            with_action("rate_limit", json!([1, 60])),
            "/actions/0/rate_limit",
            "wrong_type",
        ),
        (
            with_action("timeout_s", json!("1")),
            "/actions/0/timeout_s",
            "wrong_type",
        ),
        (
            with_action("id", json!("act_01h455vb4pex5vsknk084sn02q")),
            "/actions/0/id",
            "unknown_action",
        ),
    ] {
        app.post(&automations, &body).await.fault(pointer, code);
    }
}

#[tokio::test]
async fn an_edit_that_would_give_a_secret_header_away_is_refused() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let body = with_action("headers", json!({"Authorization": "Bearer hidden"}));
    let created = app.post(&automations, &body).await.expect(201);
    let path = format!("{automations}/{}", created["id"].as_str().unwrap());
    for (member, value) in [
        ("url", json!("https://elsewhere.example/200")),
        ("plain_headers", json!(["Authorization"])),
        ("id", json!(null)),
    ] {
        let mut action = created["actions"][0].clone();
        action[member] = value;
        let refused = app.patch(&path, &json!({"actions": [action]})).await;
        refused.fault("/actions/0/headers/Authorization", "value_required");
    }
}

#[tokio::test]
async fn invalid_headers_of_actions_are_reported_with_pointers() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    for (body, pointer, code) in [
        (
            with_action("headers", json!({"x-a": 1})),
            "/actions/0/headers/x-a",
            "wrong_type",
        ),
        (
            with_action("headers", json!({"x-a": "1\r\nx-b: 2"})),
            "/actions/0/headers/x-a",
            "invalid_value",
        ),
        (
            with_action("headers", json!({"Host": "x"})),
            "/actions/0/headers/Host",
            "reserved_header",
        ),
        (
            with_action("headers", json!({"webhook-id": "x"})),
            "/actions/0/headers/webhook-id",
            "reserved_header",
        ),
        (
            with_action("headers", json!({"POSTRIDER-X": "x"})),
            "/actions/0/headers/POSTRIDER-X",
            "reserved_header",
        ),
    ] {
        app.post(&automations, &body).await.fault(pointer, code);
    }
}

#[tokio::test]
async fn invalid_members_are_reported_with_pointers() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    for (body, pointer, code) in [
        (with("actions", json!([])), "/actions", "too_few"),
        (with("actions", json!(["x"])), "/actions/0", "wrong_type"),
        (with("actions", json!([["x"]])), "/actions/0", "wrong_type"),
        (
            with("trigger", json!({"event_types": []})),
            "/trigger/event_types",
            "too_few",
        ),
        (
            with("trigger", json!({"event_types": ["a", "a"]})),
            "/trigger/event_types/1",
            "duplicate",
        ),
        (
            with("trigger", json!({"event_types": ["a b"]})),
            "/trigger/event_types/0",
            "invalid_value",
        ),
        (with("trigger", json!([["a"]])), "/trigger", "wrong_type"),
        (with("enabled", json!(null)), "/enabled", "wrong_type"),
        (with("created_at", json!("x")), "/created_at", "read_only"),
        (
            with("retry_delays_s", json!(vec![1; 21])),
            "/retry_delays_s",
            "too_many",
        ),
    ] {
        app.post(&automations, &body).await.fault(pointer, code);
    }
    let many: Vec<_> = (0..101).map(|n| format!("t.{n}")).collect();
    app.post(&automations, &with("trigger", json!({"event_types": many})))
        .await
        .fault("/trigger/event_types", "too_many");
    let action = json!({"type": "send_webhook", "url": url(200)});
    app.post(&automations, &with("actions", json!(vec![action; 51])))
        .await
        .fault("/actions", "too_many");
}

#[tokio::test]
async fn all_faults_of_an_automation_are_reported_together() {
    let app = App::start().await;
    let bad = json!({
        "name": "", "trigger": {"event_types": ["?"]}, "retry_delays_s": [-1],
        "actions": [{"type": "send_webhook", "url": "http://10.0.0.1/", "headers": {"host": "x"}, "timeout_s": 0}],
    });
    let faults = app
        .post(&format!("{}/automations", app.account().await), &bad)
        .await
        .problem(422, "invalid_body");
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/name",
            "/trigger/event_types/0",
            "/retry_delays_s/0",
            "/actions/0/headers/host",
            "/actions/0/timeout_s",
            "/actions/0/url"
        ]
    );
}

#[tokio::test]
async fn a_test_triggers_only_its_automation_and_is_marked_as_a_test() {
    let app = App::start().await;
    let account = app.account().await;
    let (one, _other) = (
        app.automation(&account, 200).await,
        app.automation(&account, 201).await,
    );
    let path = format!("{account}/automations/{}", one["id"].as_str().unwrap());
    let event = app
        .post(
            &format!("{path}/test"),
            &json!({"type": "any.type", "data": null}),
        )
        .await
        .expect(202);
    assert_eq!(
        (&event["type"], &event["deliveries"]),
        (&json!("any.type"), &json!(1))
    );
    let event = app
        .get(&format!("{account}/events/{}", event["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!((&event["origin"], &event["data"]), (&json!("test"), &json!(null)));
    let bare = app
        .call(http::Method::POST, &format!("{path}/test"), None, &[])
        .await
        .expect(202);
    assert_eq!(bare["type"], "proposal.test");

    app.post(&format!("{path}/test"), &json!({"type": "a b"}))
        .await
        .fault("/type", "invalid_value");
    app.patch(&path, &json!({"enabled": false})).await.expect(200);
    app.post(&format!("{path}/test"), &json!({}))
        .await
        .problem(409, "automation_disabled");
    let missing = format!("{account}/automations/auto_01h455vb4pex5vsknk084sn02q/test");
    app.post(&missing, &json!({}))
        .await
        .problem(404, "automation_not_found");
}

#[tokio::test]
async fn another_accounts_automation_is_not_found() {
    let app = App::start().await;
    let (mine, theirs) = (app.account().await, app.account().await);
    let automation = app.automation(&theirs, 200).await;
    let path = format!("{mine}/automations/{}", automation["id"].as_str().unwrap());
    app.get(&path).await.problem(404, "automation_not_found");
    app.patch(&path, &json!({"name": "mine"}))
        .await
        .problem(404, "automation_not_found");
    app.delete(&path).await.problem(404, "automation_not_found");
    app.post(&format!("{path}/test"), &json!({}))
        .await
        .problem(404, "automation_not_found");
    app.get(&format!("{mine}/automations/evt_01h455vb4pex5vsknk084sn02q"))
        .await
        .problem(404, "automation_not_found");
}
