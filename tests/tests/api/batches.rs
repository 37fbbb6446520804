//! `POST /v1/accounts/{account}/events/batch`

use http::Method;
use postrider_tests::{Account, Receiver, Server, wait};
use serde_json::{Value, json};

async fn post(account: &Account, events: Value) -> Value {
    account
        .api
        .post(account.at("/events/batch"), json!({"events": events}))
        .await
        .expect(202)["data"]
        .clone()
}

#[tokio::test]
async fn a_batch_has_one_result_per_event_in_order() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let events: Vec<_> = (0..5)
        .map(|n| json!({"type": format!("t{n}"), "data": n}))
        .collect();
    let results = post(&account, events.into()).await;
    for (n, result) in results.as_array().unwrap().iter().enumerate() {
        assert_eq!(
            (&result["status"], &result["type"]),
            (&json!(202), &json!(format!("t{n}")))
        );
        assert_eq!(result["deliveries"], 1);
        assert!(result["id"].as_str().unwrap().starts_with("evt_"));
    }
    receiver.wait_for("/hook", 5, wait::SOON).await;
}

#[tokio::test]
async fn invalid_items_are_refused_alone_with_pointers_into_the_batch() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let events = json!([
        {"type": "good", "data": 1},
        {"type": "not good", "data": 1},
        {"data": 1},
        {"type": "a", "data": 1, "extra": 1},
        {"type": "a", "data": 1, "id": "evt_x"},
        17,
        {"type": "good", "data": 2},
    ]);
    let results = post(&account, events).await;
    let statuses: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].clone())
        .collect();
    assert_eq!(statuses, [202, 422, 422, 422, 422, 422, 202]);
    for (index, pointer) in [
        (1, "/events/1/type"),
        (2, "/events/2/type"),
        (3, "/events/3/extra"),
        (4, "/events/4/id"),
        (5, "/events/5"),
    ] {
        let error = &results[index]["error"];
        assert_eq!(
            (&error["code"], &error["status"]),
            (&json!("invalid_body"), &json!(422)),
            "{error}"
        );
        assert_eq!(error["errors"][0]["pointer"], pointer, "{error}");
    }
    assert_eq!(account.count("events").await, 2);
}

#[tokio::test]
async fn ids_that_repeat_within_a_batch_are_known_or_in_conflict() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let id = "evt_01h455vb4pex5vsknk084sn02q";
    let event = json!({"type": "a", "data": 1, "id": id});
    let other = json!({"type": "a", "data": 2, "id": id});
    let results = post(&account, json!([event, event, other])).await;
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&json!(202), &json!(200))
    );
    assert_eq!(results[0]["created_at"], results[1]["created_at"]);
    assert_eq!(
        (&results[2]["status"], &results[2]["error"]["code"]),
        (&json!(409), &json!("event_conflict"))
    );
    assert_eq!(account.count("events").await, 1);
}

#[tokio::test]
async fn a_repeated_batch_with_an_idempotency_key_gets_the_first_response() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let body = json!({"events": [{"type": "a", "data": 1}, {"type": "a", "data": 1}]});
    let send = async || {
        let call = account
            .api
            .call_with(Method::POST, account.at("/events/batch"), &body);
        call.header("idempotency-key", "batch-1").send().await.expect(202)["data"].clone()
    };
    let (first, second) = (send().await, send().await);
    for index in 0..2 {
        assert_eq!(
            (&first[index]["status"], &second[index]["status"]),
            (&json!(202), &json!(200))
        );
        assert_eq!(first[index]["id"], second[index]["id"]);
    }
    assert_ne!(first[0]["id"], first[1]["id"]);
    assert_eq!(account.count("events").await, 2);
}

#[tokio::test]
async fn a_batch_of_a_thousand_events_is_accepted_and_one_more_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let event = json!({"type": "a", "data": 1});
    let results = post(&account, vec![event.clone(); 1_000].into()).await;
    assert!(
        results
            .as_array()
            .unwrap()
            .iter()
            .all(|result| result["status"] == 202)
    );
    let too_many = json!({"events": vec![event; 1_001]});
    let refused = account.api.post(account.at("/events/batch"), too_many).await;
    refused.problem(422, "invalid_body").at("/events", "too_many");
    let other = Account::create(server.api()).await;
    let empty = other
        .api
        .post(other.at("/events/batch"), json!({"events": []}))
        .await;
    empty.problem(422, "invalid_body").at("/events", "too_few");
}
