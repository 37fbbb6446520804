//! `/v1/accounts/{account}/events`

use http::Method;
use postrider_tests::account::id_of;
use postrider_tests::{Account, Receiver, Server, wait};
use serde_json::{Value, json};

use super::nobody;

const OWN_ID: &str = "evt_01h455vb4pex5vsknk084sn02q";

#[tokio::test]
async fn an_event_is_accepted_delivered_and_read_back() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let accepted = account
        .post_event("proposal.accepted", r#"{"id":"p_1","total":10}"#)
        .await
        .expect(202);
    let id = id_of(&accepted);
    assert!(id.starts_with("evt_"));
    assert_eq!(
        (&accepted["type"], &accepted["deliveries"]),
        (&json!("proposal.accepted"), &json!(1))
    );
    let received = receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    let envelope = format!(
        r#"{{"id":"{id}","type":"proposal.accepted","timestamp":{},"data":{{"id":"p_1","total":10}}}}"#,
        accepted["created_at"]
    );
    assert_eq!(received.body, envelope);
    assert_eq!(
        (received.method.as_str(), received.header("content-type")),
        ("POST", "application/json")
    );
    assert_eq!(received.header("webhook-id"), id);
    assert_eq!(received.header("postrider-event-type"), "proposal.accepted");
    assert_eq!(received.header("postrider-attempt"), "1");
    assert_eq!(
        received.header("postrider-delivery-id"),
        account.delivery_id_of(&id).await
    );
    assert!(
        received.header("user-agent").starts_with("Postrider/"),
        "{}",
        received.header("user-agent")
    );
    assert_eq!(received.header("accept"), "*/*");
    assert_eq!(received.header("content-encoding"), "");
    let event = account.event(&id).await;
    assert_eq!(
        (&event["type"], &event["data"]),
        (&json!("proposal.accepted"), &json!({"id": "p_1", "total": 10}))
    );
    assert_eq!(
        (&event["origin"], &event["deliveries"]),
        (&json!("producer"), &json!(1))
    );
}

#[tokio::test]
async fn an_event_without_a_matching_automation_is_accepted() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    assert_eq!(
        account.post_event("nobody.cares", "null").await.expect(202)["deliveries"],
        0
    );
    assert_eq!(account.count("events").await, 1);
}

#[tokio::test]
async fn the_envelope_has_the_time_of_the_event() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let body = json!({"type": "a", "data": 1, "occurred_at": "2026-01-31T10:30:00+01:00"});
    let id = id_of(&account.api.post(account.at("/events"), body).await.expect(202));
    let received = receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["timestamp"], "2026-01-31T09:30:00.000Z");
    assert_eq!(
        account.event(&id).await["occurred_at"],
        "2026-01-31T09:30:00.000Z"
    );
}

#[tokio::test]
async fn a_repeated_event_id_gets_the_first_response() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let body = json!({"type": "a", "data": {"n": 1}, "id": OWN_ID});
    let first = account.api.post(account.at("/events"), &body).await.expect(202);
    assert_eq!(id_of(&first), OWN_ID);
    assert_eq!(
        account.api.post(account.at("/events"), &body).await.expect(200),
        first
    );
    let other = json!({"type": "a", "data": {"n": 2}, "id": OWN_ID});
    account
        .api
        .post(account.at("/events"), other)
        .await
        .problem(409, "event_conflict");
    receiver.wait_for("/hook", 1, wait::SOON).await;
    assert_eq!(
        (account.count("events").await, account.count("deliveries").await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_repeated_idempotency_key_gets_the_first_response() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let first = account
        .post_event_once("p_1-accepted", "a", r#"{"n":1}"#)
        .await
        .expect(202);
    assert_eq!(
        account
            .post_event_once("p_1-accepted", "a", r#"{"n":1}"#)
            .await
            .expect(200),
        first
    );
    account
        .post_event_once("p_1-accepted", "a", r#"{"n":2}"#)
        .await
        .problem(409, "event_conflict");
    account
        .post_event_once("p_1-accepted", "b", r#"{"n":1}"#)
        .await
        .problem(409, "event_conflict");
    assert_ne!(
        id_of(
            &account
                .post_event_once("other", "a", r#"{"n":1}"#)
                .await
                .expect(202)
        ),
        id_of(&first)
    );
    assert_eq!(account.count("events").await, 2);
}

#[tokio::test]
async fn concurrent_requests_with_one_key_create_one_event() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let account = account.clone();
            tokio::spawn(async move { account.post_event_once("k", "a", "1").await })
        })
        .collect();
    let mut responses = Vec::new();
    for task in tasks {
        responses.push(task.await.unwrap());
    }
    assert_eq!(
        responses.iter().filter(|response| response.status == 202).count(),
        1
    );
    assert!(
        responses
            .iter()
            .all(|response| response.json() == responses[0].json())
    );
    assert_eq!(account.count("events").await, 1);
}

#[tokio::test]
async fn accounts_do_not_share_ids_and_keys_of_events() {
    let server = Server::start();
    let (one, other) = (
        Account::create(server.api()).await,
        Account::create(server.api()).await,
    );
    one.post_event_once("k", "a", "1").await.expect(202);
    other.post_event_once("k", "a", "2").await.expect(202);
    assert_eq!((one.count("events").await, other.count("events").await), (1, 1));
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for key in ["", "a b", "é", &"k".repeat(256)] {
        account
            .post_event_once(key, "a", "1")
            .await
            .problem(400, "invalid_idempotency_key");
    }
    let call = account
        .api
        .call_with(Method::POST, account.at("/events"), r#"{"type":"a","data":1}"#);
    let twice = call
        .header("idempotency-key", "a")
        .header("idempotency-key", "b")
        .send()
        .await;
    twice.problem(400, "invalid_idempotency_key");
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn events_are_listed_newest_first_and_filtered() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let first = account.send("a", "1").await;
    let second = account.send("b", "2").await;
    let third = account.send("a", "3").await;
    let ids = async |query: &str| -> Vec<String> {
        let page = account
            .api
            .get(account.at(&format!("/events{query}")))
            .await
            .expect(200);
        page["data"].as_array().unwrap().iter().map(id_of).collect()
    };
    assert_eq!(ids("").await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(ids("?type=a").await, [third.clone(), first.clone()]);
    assert!(ids("?type=c").await.is_empty());
    assert_eq!(ids("?after=2026-01-01T00:00:00Z").await.len(), 3);
    assert!(ids("?before=2026-01-01T00:00:00Z").await.is_empty());
    let time = account.event(&second).await["created_at"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        ids(&format!("?after={time}")).await.contains(&second),
        "from this moment on"
    );
    assert!(
        !ids(&format!("?before={time}")).await.contains(&second),
        "before this moment"
    );
}

#[tokio::test]
async fn an_event_for_an_account_that_does_not_exist_is_refused() {
    let server = Server::start();
    let path = format!("/v1/accounts/{}/events", nobody("acct"));
    let event = json!({"type": "a", "data": 1});
    server
        .api()
        .post(&path, &event)
        .await
        .problem(404, "account_not_found");
    server
        .api()
        .post(format!("{path}/batch"), json!({"events": [event]}))
        .await
        .problem(404, "account_not_found");
    server.api().get(&path).await.problem(404, "account_not_found");
}
