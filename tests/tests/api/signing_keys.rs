//! `/v1/accounts/{account}/signing-keys`

use postrider_tests::{Account, Receiver, Server, signature, wait};
use serde_json::{Value, json};

use super::nobody;

async fn keys(account: &Account) -> Vec<Value> {
    account.api.get(account.at("/signing-keys")).await.expect(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_key_is_shown_with_its_secret_of_24_random_bytes() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let keys = keys(&account).await;
    assert_eq!(keys.len(), 1);
    assert!(keys[0]["id"].as_str().unwrap().starts_with("key_"));
    assert_eq!(keys[0]["status"], "current");
    assert_eq!(keys[0]["expires_at"], Value::Null);
    let secret = keys[0]["secret"].as_str().unwrap();
    assert_eq!(secret.len(), "whsec_".len() + 32, "{secret}");
}

#[tokio::test]
async fn rotation_puts_the_new_key_first_and_lets_the_old_one_overlap_for_a_day() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let old = account.secret().await;
    let new = account
        .api
        .post(account.at("/signing-keys/rotate"), "{}")
        .await
        .expect(201);
    assert_eq!(new["status"], "current");
    let keys = keys(&account).await;
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], new);
    assert_eq!(
        (&keys[1]["secret"], &keys[1]["status"]),
        (&json!(old), &json!("overlapping"))
    );
    let (created, ends) = (
        new["created_at"].as_str().unwrap(),
        keys[1]["expires_at"].as_str().unwrap(),
    );
    assert_eq!(created[10..], ends[10..], "to the millisecond a day later");
    assert_ne!(created[..10], ends[..10]);
}

#[tokio::test]
async fn a_rotation_without_a_body_uses_the_defaults() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    account
        .api
        .call(http::Method::POST, account.at("/signing-keys/rotate"))
        .send()
        .await
        .expect(201);
    assert_eq!(keys(&account).await[1]["status"], "overlapping");
}

#[tokio::test]
async fn a_key_without_overlap_stops_signing_at_once() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    account
        .api
        .post(
            account.at("/signing-keys/rotate"),
            json!({"overlap_s": 0, "secret": new}),
        )
        .await
        .expect(201);
    account.send("a", "1").await;
    let received = &receiver.wait_for("/hook", 1, wait::SOON).await[0];
    assert_eq!(
        received.header("postrider-signature"),
        signature::postrider(new, &received.body)
    );
    assert_eq!(received.header("postrider-signature-next"), "");
    assert_eq!(received.header("webhook-signature").split(' ').count(), 1);
    let listed = keys(&account).await;
    assert!(
        listed.iter().skip(1).all(|key| key["status"] == "expired"),
        "{listed:?}"
    );
}

#[tokio::test]
async fn a_second_rotation_ends_no_overlap_early() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for _ in 0..2 {
        account
            .api
            .post(account.at("/signing-keys/rotate"), "{}")
            .await
            .expect(201);
    }
    let statuses: Vec<_> = keys(&account)
        .await
        .iter()
        .map(|key| key["status"].clone())
        .collect();
    assert_eq!(statuses, ["current", "overlapping", "overlapping"]);
}

#[tokio::test]
async fn keys_of_an_account_that_does_not_exist_are_not_found() {
    let server = Server::start();
    let path = format!("/v1/accounts/{}/signing-keys", nobody("acct"));
    server.api().get(&path).await.problem(404, "account_not_found");
    server
        .api()
        .post(format!("{path}/rotate"), "{}")
        .await
        .problem(404, "account_not_found");
}
