//! Token endpoints that redirect, lie, respond without end or too late, or are out of bounds.

use std::time::Duration;

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::{Value, json};

use super::create;

fn connection(token_url: &str) -> Value {
    json!({
        "name": "Bank", "type": "oauth2", "token_url": token_url, "client_id": "postrider",
        "client_secret": "the-secret-of-the-client",
    })
}

fn token(text: &str, expires_in: &str) -> Reply {
    let body = format!(r#"{{"access_token":"{text}","token_type":"Bearer","expires_in":{expires_in}}}"#);
    Reply::status(200).with_body(body)
}

/// An account whose only action gets its tokens at `/token` of the receiver, and never retries.
async fn account(server: &Server, receiver: &Receiver, timeout_s: u32) -> Account {
    let account = Account::create(server.api()).await;
    let id = create(&account, &connection(&receiver.url("/token"))).await;
    let body = json!({
        "name": "Notify", "trigger": {"event_types": ["*"]}, "retry_delays_s": [],
        "actions": [{
            "type": "send_webhook", "url": receiver.url("/hook"), "connection_id": id, "timeout_s": timeout_s,
        }],
    });
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(201);
    account
}

/// The one attempt of a delivery with this status.
async fn attempt(account: &Account, status: &str) -> Value {
    let event = account.send("a.b", "1").await;
    let delivery = account.wait_for_delivery(&event, status).await;
    attempts_of(&delivery)[0].clone()
}

#[tokio::test]
async fn a_bad_response_of_a_token_endpoint_fails_the_attempt_and_sends_nothing() {
    let server = Server::start();
    let elsewhere = Receiver::start().await;
    for (reply, error) in [
        (
            Reply::status(302).with_header("location", &elsewhere.url("/stolen")),
            "responded HTTP 302, and redirects are not followed",
        ),
        (
            Reply::status(200).with_body("x".repeat(4 << 20)),
            "is larger than 16384 bytes",
        ),
        (
            token("a\\r\\nX-Evil: 1", "60"),
            "a token that no header can carry",
        ),
        (Reply::status(200).with_body("{}"), "holds no access_token"),
        (Reply::status(503), "responded HTTP 503"),
    ] {
        let receiver = Receiver::start().await;
        receiver.respond("/token", [reply]);
        let account = account(&server, &receiver, 10).await;
        let attempt = attempt(&account, "failed").await;
        assert_eq!(attempt["outcome"], "protocol_error");
        let said = attempt["error"].as_str().unwrap();
        assert!(
            said.starts_with("No access token: ") && said.contains(error),
            "{said}"
        );
        assert_eq!(receiver.count("/hook"), 0);
    }
    assert_eq!(elsewhere.count("/stolen"), 0);
}

#[tokio::test]
async fn a_slow_token_endpoint_takes_no_longer_than_the_attempt_may() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/token", [token("late", "60").after(Duration::from_secs(30))]);
    let account = account(&server, &receiver, 1).await;
    let attempt = attempt(&account, "failed").await;
    assert_eq!(attempt["outcome"], "timeout");
    let took = attempt["duration_ms"].as_u64().unwrap();
    assert!((900..3_000).contains(&took), "{took} ms");
    assert_eq!(receiver.count("/hook"), 0);
}

#[tokio::test]
async fn whatever_a_token_endpoint_says_of_a_lifetime_deliveries_go_on() {
    let server = Server::start();
    for expires_in in ["-1", "0", "1e300", "18446744073709551616", "\"never\""] {
        let receiver = Receiver::start().await;
        receiver.respond("/token", [token("a-token", expires_in)]);
        let account = account(&server, &receiver, 10).await;
        for _ in 0..2 {
            attempt(&account, "succeeded").await;
        }
        let sent = receiver.received("/hook");
        assert!(
            sent.iter()
                .all(|it| it.header("authorization") == "Bearer a-token")
        );
        let asked = receiver.count("/token");
        assert!((1..=2).contains(&asked), "{expires_in}: {asked}");
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_every_token_gets_two_requests_an_attempt_at_most() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond(
        "/token",
        [token("one", "600"), token("two", "600"), token("three", "600")],
    );
    receiver.respond("/hook", [Reply::status(204), Reply::status(401)]);
    let account = account(&server, &receiver, 10).await;
    attempt(&account, "succeeded").await;
    let refused = attempt(&account, "failed").await;
    assert_eq!(
        (&refused["outcome"], &refused["status_code"]),
        (&json!("bad_status"), &json!(401))
    );
    let sent = receiver.received("/hook");
    let tokens: Vec<_> = sent.iter().map(|it| it.header("authorization")).collect();
    assert_eq!(tokens, ["Bearer one", "Bearer one", "Bearer two"]);
    assert_eq!(receiver.count("/token"), 2);
}

#[tokio::test]
async fn a_token_endpoint_that_the_rules_forbid_by_now_is_not_called() {
    let mut server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/token", [token("a-token", "60")]);
    let account = account(&server, &receiver, 10).await;
    let path = account.at("/connections");
    for url in [
        "http://10.0.0.1/token",
        "http://169.254.169.254/token",
        "http://vault/token",
    ] {
        let refused = account.api.post(path.clone(), connection(url)).await;
        refused.expect(422);
    }
    server.stop();
    server.start_again_with(&["--allow-destination", "127.0.0.2/32"]);
    let account = account.through(server.api());
    let attempt = attempt(&account, "failed").await;
    assert_eq!(attempt["outcome"], "blocked");
    let error = attempt["error"].as_str().unwrap();
    assert!(
        error.starts_with("No access token: the token endpoint: "),
        "{error}"
    );
    assert_eq!((receiver.count("/token"), receiver.count("/hook")), (0, 0));
}
