//! The retry schedule in real time. The engine's tests cover the rest in virtual time.

use std::time::Duration;

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::json;

#[tokio::test]
async fn first_retry_comes_at_10_seconds_in_real_time() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", "1").await;
    let received = receiver.wait_for("/hook", 2, Duration::from_secs(15)).await;
    let waited = received[1].at - received[0].at;
    assert!((9_950..10_500).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(
        attempts_of(&account.wait_for_delivery(&event, "succeeded").await).len(),
        2
    );
}

#[tokio::test]
async fn retry_after_only_postpones_the_retry() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    for (path, retry_after) in [("/later", "3"), ("/sooner", "0")] {
        receiver.respond(
            path,
            [
                Reply::status(429).with_header("retry-after", retry_after),
                Reply::status(204),
            ],
        );
        account.automation_with_delays(&receiver.url(path), &[1]).await;
    }
    account.send("a", "1").await;
    for (path, milliseconds) in [("/later", 2_950..4_000), ("/sooner", 950..2_000)] {
        let received = receiver.wait_for(path, 2, Duration::from_secs(10)).await;
        let waited = received[1].at - received[0].at;
        assert!(milliseconds.contains(&waited.as_millis()), "{path}: {waited:?}");
    }
}

#[tokio::test]
async fn the_automations_schedule_overrides_the_accounts_and_the_installations() {
    let server = Server::start_with(&["--allow-destination", "127.0.0.0/8", "--retry-delays", "none"]);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    for path in ["/installation", "/account", "/automation"] {
        receiver.respond(path, [Reply::status(500)]);
    }
    let attempts = async |path: &str| {
        let event = account.send(&path[1..], "1").await;
        attempts_of(&account.wait_for_delivery(&event, "failed").await).len()
    };
    account
        .automation_on("installation", json!({"url": receiver.url("/installation")}))
        .await;
    assert_eq!(attempts("/installation").await, 1);
    account
        .api
        .patch(account.at(""), json!({"retry_delays_s": [1]}))
        .await
        .expect(200);
    account
        .automation_on("account", json!({"url": receiver.url("/account")}))
        .await;
    assert_eq!(attempts("/account").await, 2);
    let automation = account
        .automation_on("automation", json!({"url": receiver.url("/automation")}))
        .await;
    let path = account.at(&format!("/automations/{}", automation["id"].as_str().unwrap()));
    account
        .api
        .patch(path, json!({"retry_delays_s": [1, 1]}))
        .await
        .expect(200);
    assert_eq!(attempts("/automation").await, 3);
}
