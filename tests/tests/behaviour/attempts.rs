//! How attempts end: every outcome that a receiver can cause.

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The one attempt of an event to `url`, which fails without a retry.
async fn failed_attempt(server: &Server, url: &str) -> Value {
    let account = Account::create(server.api()).await;
    account.automation_with_delays(url, &[]).await;
    let event = account.send("a", "1").await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    assert_eq!(attempts_of(&delivery).len(), 1);
    attempts_of(&delivery)[0].clone()
}

#[tokio::test]
async fn only_2xx_statuses_are_successes() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    for (status, expected) in [
        (200, "succeeded"),
        (204, "succeeded"),
        (299, "succeeded"),
        (304, "failed"),
        (400, "failed"),
        (404, "failed"),
        (500, "failed"),
    ] {
        let path = format!("/{status}");
        receiver.respond(&path, [Reply::status(status)]);
        let body = json!({
            "name": "Notify", "trigger": {"event_types": [format!("t{status}")]}, "retry_delays_s": [],
            "actions": [{"type": "send_webhook", "url": receiver.url(&path)}],
        });
        account
            .api
            .post(account.at("/automations"), body)
            .await
            .expect(201);
        let event = account.send(&format!("t{status}"), "1").await;
        let delivery = account.wait_for_delivery(&event, expected).await;
        assert_eq!(attempts_of(&delivery)[0]["status_code"], status);
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_not_followed() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    for status in [301, 302, 307, 308] {
        let reply = Reply::status(status).with_header("location", &receiver.url("/elsewhere"));
        receiver.respond("/moved", [reply]);
        let attempt = failed_attempt(&server, &receiver.url("/moved")).await;
        assert_eq!(
            (&attempt["outcome"], &attempt["status_code"]),
            (&json!("bad_status"), &json!(status))
        );
    }
    assert_eq!(receiver.count("/elsewhere"), 0);
}

#[tokio::test]
async fn a_refused_connection_is_a_connect_error() {
    let server = Server::start();
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let attempt = failed_attempt(&server, &format!("http://{address}/")).await;
    assert_eq!(attempt["outcome"], "connect_error");
    assert!(attempt["error"].as_str().is_some_and(|error| !error.is_empty()));
    assert_eq!(attempt["status_code"], Value::Null);
}

#[tokio::test]
async fn an_unknown_host_name_is_a_dns_error() {
    let server = Server::start();
    let attempt = failed_attempt(&server, "https://no-such-host.invalid/hook").await;
    assert_eq!(attempt["outcome"], "dns_error");
}

#[tokio::test]
async fn plain_http_where_tls_is_expected_is_a_tls_error() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    let attempt = failed_attempt(&server, &receiver.url("/").replace("http:", "https:")).await;
    assert_eq!(attempt["outcome"], "tls_error");
}

#[tokio::test]
async fn one_slow_receiver_does_not_hold_up_the_others() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/slow", [Reply::status(204).after(wait::SOON * 2)]);
    account.automation(json!({"url": receiver.url("/slow")})).await;
    account.automation(json!({"url": receiver.url("/quick")})).await;
    let events = json!({"events": vec![json!({"type": "a", "data": 1}); 500]});
    account
        .api
        .post(account.at("/events/batch"), events)
        .await
        .expect(202);
    receiver.wait_for("/quick", 500, wait::SOON).await;
}
