//! Actions with invalid options and headers. Invalid URLs are in `destinations`.

use postrider_tests::account::id_of;
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Problem, Server};
use serde_json::{Value, json};

/// The problem document for an automation whose one action has these members besides its type and URL.
async fn refused(account: &Account, members: Value) -> Problem {
    let mut action = json!({"type": "send_webhook", "url": NEVER_CALLED});
    for (name, value) in members.as_object().unwrap() {
        action[name] = value.clone();
    }
    let body = json!({"name": "Notify", "trigger": {"event_types": ["a"]}, "actions": [action]});
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .problem(422, "invalid_body")
}

#[tokio::test]
async fn an_invalid_option_is_refused_with_a_pointer() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (members, pointer, code) in [
        (json!({"type": "send_fax"}), "/actions/0/type", "invalid_value"),
        (json!({"url": 1}), "/actions/0/url", "wrong_type"),
        (json!({"urll": "x"}), "/actions/0/urll", "unknown_member"),
        (json!({"body": "xml"}), "/actions/0/body", "invalid_value"),
        (
            json!({"body_style": "ruby"}),
            "/actions/0/body_style",
            "invalid_value",
        ),
        (json!({"timeout_s": 0}), "/actions/0/timeout_s", "out_of_range"),
        (json!({"timeout_s": 61}), "/actions/0/timeout_s", "out_of_range"),
        (json!({"timeout_s": "5"}), "/actions/0/timeout_s", "wrong_type"),
        (json!({"headers": []}), "/actions/0/headers", "wrong_type"),
        (
            json!({"headers": {"x-n": 1}}),
            "/actions/0/headers/x-n",
            "wrong_type",
        ),
        (
            json!({"id": "act_01h455vb4pex5vsknk084sn02q"}),
            "/actions/0/id",
            "unknown_action",
        ),
        (json!({"id": "act_x"}), "/actions/0/id", "invalid_value"),
        (
            json!({"disabled_reason": "gone"}),
            "/actions/0/disabled_reason",
            "read_only",
        ),
    ] {
        refused(&account, members).await.at(pointer, code);
    }
    assert_eq!(account.count("automations").await, 0);
}

#[tokio::test]
async fn headers_that_could_break_framing_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (name, value, code) in [
        ("", "1", "invalid_value"),
        ("x y", "1", "invalid_value"),
        ("x:y", "1", "invalid_value"),
        ("x\r\ny", "1", "invalid_value"),
        ("é", "1", "invalid_value"),
        ("x-a", "1\r\nx-b: 2", "invalid_value"),
        ("x-a", "1\n2", "invalid_value"),
        ("x-a", "\u{0}", "invalid_value"),
        ("x-a", "é", "invalid_value"),
        ("x-a", " padded", "invalid_value"),
        ("Content-Length", "0", "reserved_header"),
        ("Transfer-Encoding", "chunked", "reserved_header"),
        ("Connection", "close", "reserved_header"),
        ("TE", "trailers", "reserved_header"),
        ("Upgrade", "h2c", "reserved_header"),
        ("Trailer", "x", "reserved_header"),
        ("Host", "other.example", "reserved_header"),
        ("Expect", "100-continue", "reserved_header"),
        ("Proxy-Authorization", "x", "reserved_header"),
    ] {
        let pointer = format!(
            "/actions/0/headers/{}",
            name.replace('~', "~0").replace('/', "~1")
        );
        refused(&account, json!({"headers": {name: value}}))
            .await
            .at(&pointer, code);
    }
    assert_eq!(account.count("automations").await, 0);
}

#[tokio::test]
async fn headers_that_would_override_ours_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for name in [
        "webhook-id",
        "Webhook-Signature",
        "webhook-timestamp",
        "Postrider-Signature",
        "POSTRIDER-ATTEMPT",
        "postrider-anything",
        "Content-Type",
        "Content-Encoding",
        "User-Agent",
    ] {
        let pointer = format!("/actions/0/headers/{name}");
        refused(&account, json!({"headers": {name: "1"}}))
            .await
            .at(&pointer, "reserved_header");
    }
    let acme = Server::start_with(&["--header-prefix", "Acme"]);
    let account = Account::create(acme.api()).await;
    let problem = refused(&account, json!({"headers": {"acme-signature": "1"}})).await;
    problem.at("/actions/0/headers/acme-signature", "reserved_header");
}

#[tokio::test]
async fn too_many_too_long_and_repeated_headers_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let many: Value = (0..21)
        .map(|n| (format!("x-{n}"), json!("1")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    refused(&account, json!({"headers": many}))
        .await
        .at("/actions/0/headers", "too_many");
    let long = json!({"headers": {"x-long": "1".repeat(1_100)}});
    refused(&account, long)
        .await
        .at("/actions/0/headers/x-long", "too_long");
    let twice = json!({"headers": {"X-A": "1", "x-a": "2"}});
    refused(&account, twice)
        .await
        .at("/actions/0/headers/x-a", "duplicate");
    assert_eq!(account.count("automations").await, 0);
}

#[tokio::test]
async fn an_invalid_patch_of_an_automation_changes_nothing() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let before = account.automation(json!({"url": NEVER_CALLED})).await;
    let id = &before["actions"][0]["id"];
    let path = account.at(&format!("/automations/{}", id_of(&before)));
    let kept = json!({"id": id, "type": "send_webhook", "url": NEVER_CALLED});
    for (patch, pointer, code) in [
        (json!({"name": "B", "actions": []}), "/actions", "too_few"),
        (json!({"actions": [kept, kept]}), "/actions/1/id", "duplicate"),
        (
            json!({"actions": [{"id": id, "type": "send_webhook", "url": "ftp://x/"}]}),
            "/actions/0/url",
            "url_scheme",
        ),
        (
            json!({"trigger": {"event_types": null}}),
            "/trigger/event_types",
            "required",
        ),
        (json!({"updated_at": null}), "/updated_at", "read_only"),
        (json!({"x": null}), "/x", "unknown_member"),
    ] {
        account
            .api
            .patch(&path, patch)
            .await
            .problem(422, "invalid_body")
            .at(pointer, code);
    }
    assert_eq!(account.api.get(&path).await.expect(200), before);
}
