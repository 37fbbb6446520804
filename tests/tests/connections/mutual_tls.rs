//! Mutual TLS with a receiver over OpenSSL: it sees the certificate of the action's connection.

use postrider_tests::account::attempts_of;
use postrider_tests::mutual_tls::{Authority, Identity, MutualTls};
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

use super::create;

pub(super) async fn connection(account: &Account, identity: &Identity) -> String {
    let body = json!({
        "name": "Partner", "type": "client_certificate", "certificate": identity.certificate,
        "private_key": identity.private_key,
    });
    create(account, &body).await
}

/// The one attempt of an event to an action with this connection.
pub(super) async fn attempt(account: &Account, event_type: &str, status: &str) -> Value {
    let event = account.send(event_type, "1").await;
    let delivery = account.wait_for_delivery(&event, status).await;
    attempts_of(&delivery)[0].clone()
}

#[tokio::test]
async fn a_receiver_sees_the_certificate_of_each_actions_connection_and_no_other() {
    let authority = Authority::new("Partner authority");
    let receiver = MutualTls::start(&authority);
    let file = receiver.authority_file();
    let flags = ["--allow-destination", "127.0.0.0/8", "--extra-ca-file", &file];
    let server = Server::start_with(&flags);
    let account = Account::create(server.api()).await;
    let mut key = String::new();
    for name in ["one", "two"] {
        let identity = authority.certify(name, &[]);
        let id = connection(&account, &identity).await;
        let action = json!({"url": receiver.url(), "connection_id": id});
        account.automation_on(&format!("to.{name}"), action).await;
        key = identity.private_key;
    }
    for _ in 0..3 {
        for name in ["one", "two"] {
            let attempt = attempt(&account, &format!("to.{name}"), "succeeded").await;
            assert_eq!(attempt["response_body"], name, "{attempt}");
        }
    }
    // A stranger's certificate, and none, fail with words that say so.
    let stranger = Authority::new("Another authority").certify("stranger", &[]);
    let id = connection(&account, &stranger).await;
    for (event_type, connection) in [("to.stranger", json!(id)), ("to.nobody", Value::Null)] {
        let body = json!({
            "name": "Notify", "trigger": {"event_types": [event_type]}, "retry_delays_s": [],
            "actions": [{"type": "send_webhook", "url": receiver.url(), "connection_id": connection}],
        });
        account
            .api
            .post(account.at("/automations"), body)
            .await
            .expect(201);
        let attempt = attempt(&account, event_type, "failed").await;
        let error = attempt["error"].as_str().unwrap();
        assert!(error.contains("client certificate"), "{error}");
        assert_eq!(attempt["outcome"], "tls_error");
    }
    let shown = account
        .api
        .get(account.at("/connections"))
        .await
        .expect(200)
        .to_string();
    let line = key.lines().nth(1).unwrap();
    assert!(shown.contains("BEGIN CERTIFICATE") && !shown.contains(line));
}

#[tokio::test]
async fn a_certificate_is_checked_with_its_key_and_needs_https() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let authority = Authority::new("Partner authority");
    let (one, two) = (authority.certify("one", &[]), authority.certify("two", &[]));
    let mixed = json!({
        "name": "Partner", "type": "client_certificate", "certificate": one.certificate,
        "private_key": two.private_key,
    });
    let refused = account
        .api
        .post(account.at("/connections"), mixed)
        .await
        .expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/private_key");
    let id = connection(&account, &one).await;
    let body = json!({
        "name": "Notify", "trigger": {"event_types": ["*"]},
        "actions": [{"type": "send_webhook", "url": "http://127.0.0.1:9999/", "connection_id": id}],
    });
    let refused = account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/actions/0/connection_id");
}
