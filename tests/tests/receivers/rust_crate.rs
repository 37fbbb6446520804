//! The Standard Webhooks crate verifies, and so does an HMAC written from the specification.

use postrider_tests::{Account, Receiver, Server, signature, wait};
use serde_json::json;
use standardwebhooks::Webhook;

use super::cases::{CASES, KINDS, automation_of_every_kind, path};

#[tokio::test]
async fn rust_verifies_every_delivery() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let secret = account.secret().await;
    let webhook = Webhook::new(&secret).unwrap();
    let receiver = Receiver::start().await;
    automation_of_every_kind(&account, &receiver.url("")).await;
    for case in CASES {
        account.send("proposal.accepted", case.data).await;
    }
    for (content, style) in KINDS {
        for received in receiver
            .wait_for(&path(content, style), CASES.len(), wait::SOON)
            .await
        {
            webhook.verify(&received.body, &received.headers).unwrap();
            assert_eq!(
                received.header("postrider-signature"),
                signature::postrider(&secret, &received.body)
            );
            let (id, timestamp) = (
                received.header("webhook-id"),
                received.header("webhook-timestamp"),
            );
            let token = signature::standard_webhooks(&secret, id, timestamp, &received.body);
            assert_eq!(received.header("webhook-signature"), token);
        }
    }
}

#[tokio::test]
async fn rust_verifies_with_both_keys_during_the_overlap() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let old = account.secret().await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let rotated = account
        .api
        .post(account.at("/signing-keys/rotate"), "{}")
        .await
        .expect(201);
    let new = rotated["secret"].as_str().unwrap();
    account.send("a", "1").await;
    let received = receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    for secret in [&old, new] {
        Webhook::new(secret)
            .unwrap()
            .verify(&received.body, &received.headers)
            .unwrap();
    }
    assert_eq!(
        received.header("postrider-signature"),
        signature::postrider(&old, &received.body)
    );
    assert_eq!(
        received.header("postrider-signature-next"),
        signature::postrider(new, &received.body)
    );
    assert_eq!(received.header("webhook-signature").split(' ').count(), 2);
}

#[tokio::test]
async fn every_attempt_has_its_own_timestamp_and_headers_use_the_configured_prefix() {
    let server = Server::start_with(&["--allow-destination", "127.0.0.0/8", "--header-prefix", "Acme"]);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond(
        "/hook",
        [
            postrider_tests::Reply::status(500),
            postrider_tests::Reply::status(204),
        ],
    );
    account.automation_with_delays(&receiver.url("/hook"), &[2]).await;
    account.send("a", "1").await;
    let received = receiver.wait_for("/hook", 2, wait::SOON).await;
    assert_ne!(
        received[0].header("webhook-timestamp"),
        received[1].header("webhook-timestamp")
    );
    assert_eq!(
        received[0].header("acme-signature"),
        received[1].header("acme-signature")
    );
    assert!(!received[0].header("acme-signature").is_empty());
    assert!(received[0].header("user-agent").starts_with("Acme/"));
    assert!(
        received[0]
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("postrider"))
    );
}
