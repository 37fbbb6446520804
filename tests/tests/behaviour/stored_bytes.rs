//! The limit on what an account may store.

use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::json;

fn limited_to(size: &str) -> Vec<&str> {
    [&LOOPBACK_ALLOWED[..], &["--stored-bytes-per-account-max", size]].concat()
}

#[tokio::test]
async fn an_account_that_has_stored_its_limit_is_refused_and_no_other_is() {
    let mut server = Server::start_with(&limited_to("4KiB"));
    let account = Account::create(server.api()).await;
    let other = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/", [Reply::status(200)]);
    account.automation(json!({"url": receiver.url("/")})).await;
    let data = format!("\"{}\"", "x".repeat(4_000));
    let first = account.post_event_once("key", "a.b", &data).await;
    assert_eq!(first.status, 202);
    account
        .wait_for_delivery(first.json()["id"].as_str().unwrap(), "succeeded")
        .await;

    let refused = account.post_event("a.b", "1").await;
    assert_eq!(refused.header("retry-after"), "3600");
    let problem = refused.problem(429, "stored_bytes_exceeded");
    assert!(
        problem.0["detail"]
            .as_str()
            .unwrap()
            .contains("at most 4096 bytes"),
        "{:?}",
        problem.0
    );
    let repeated = account.post_event_once("key", "a.b", &data).await;
    assert_eq!(repeated.status, 200);
    assert_eq!(repeated.json(), first.json());
    other.send("a.b", "1").await;

    // The sums outlive the process.
    assert!(server.stop().success());
    server.start_again_with(&limited_to("4KiB"));
    let account = account.through(server.api());
    account
        .post_event("a.b", "1")
        .await
        .problem(429, "stored_bytes_exceeded");
    assert!(server.stop().success());
    server.start_again_with(&limited_to("1MiB"));
    account.through(server.api()).send("a.b", "1").await;
}
