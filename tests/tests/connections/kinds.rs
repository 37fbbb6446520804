//! Tokens, passwords and headers arrive, and are nowhere else.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::json;

use super::create;

/// Whether a file of the folder holds this text.
fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test]
async fn each_kind_arrives_and_its_secret_is_in_no_file_response_or_log() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond_with("/echo", |request| {
        let sent = format!("{:?}", request.headers);
        Reply::status(200)
            .with_header("x-echo", request.header("authorization"))
            .with_body(sent)
    });
    let basic = format!("Basic {}", STANDARD.encode("me:pass-word-of-mine"));
    let cases = [
        (
            json!({"name": "Bearer", "type": "bearer", "token": "token-of-mine"}),
            ("authorization", "Bearer token-of-mine"),
        ),
        (
            json!({"name": "Basic", "type": "basic", "user": "me", "password": "pass-word-of-mine"}),
            ("authorization", &basic),
        ),
        (
            json!({"name": "Key", "type": "header", "header_name": "X-Api-Key", "header_value": "header-of-mine"}),
            ("x-api-key", "header-of-mine"),
        ),
    ];
    let secrets = [
        "token-of-mine",
        "pass-word-of-mine",
        "header-of-mine",
        &basic[6..],
    ];
    let mut shown = String::new();
    for (number, (body, _)) in cases.iter().enumerate() {
        let id = create(&account, body).await;
        let action = json!({"url": receiver.url("/echo"), "connection_id": id});
        account.automation_on(&format!("kind.{number}"), action).await;
    }
    for (number, (_, (name, value))) in cases.iter().enumerate() {
        let event = account.send(&format!("kind.{number}"), "1").await;
        shown += &account.wait_for_delivery(&event, "succeeded").await.to_string();
        let received = receiver.received("/echo");
        assert_eq!(received.last().unwrap().header(name), *value);
    }
    for list in ["connections", "automations", "audit", "deliveries"] {
        let path = account.at(&format!("/{list}"));
        shown += &account.api.get(path).await.expect(200).to_string();
    }
    assert!(shown.contains("••••"));
    server.stop();
    let log = server.log().lines().join("\n");
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!holds(server.data_dir(), secret), "{secret}");
    }
}

#[tokio::test]
async fn attempts_and_resends_use_the_connection_as_it_is_then_also_after_a_restart() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    let id = create(
        &account,
        &json!({"name": "CRM", "type": "bearer", "token": "first"}),
    )
    .await;
    let body = json!({
        "name": "Notify", "trigger": {"event_types": ["*"]}, "retry_delays_s": [],
        "actions": [{"type": "send_webhook", "url": receiver.url("/hook"), "connection_id": id}],
    });
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(201);
    let event = account.send("a.b", "1").await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    let path = account.at(&format!("/connections/{id}"));
    account
        .api
        .patch(path, json!({"token": "second"}))
        .await
        .expect(200);
    server.stop();
    server.start_again();
    let account = account.through(server.api());
    let delivery = delivery["id"].as_str().unwrap();
    let resend = account.at(&format!("/deliveries/{delivery}/resend"));
    account.api.post(resend, json!({})).await.expect(202);
    account.delivery_once(delivery, "succeeded").await;
    let sent = receiver.received("/hook");
    let tokens: Vec<_> = sent
        .iter()
        .map(|request| request.header("authorization"))
        .collect();
    assert_eq!(tokens, ["Bearer first", "Bearer second"]);
    assert_eq!(sent[0].body, sent[1].body);
}
