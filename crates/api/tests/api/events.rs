//! Events.

use http::Method;
use serde_json::{Value, json};

use crate::app::App;

#[tokio::test]
async fn an_event_is_accepted_with_its_deliveries_and_read_back_byte_for_byte() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let events = format!("{account}/events");
    let data = r#"{"b":1.0, "a":[12345678901234567890123] ,"a":"\u00e9"}"#;
    let body = format!(
        r#"{{"data" : {data} , "type":"proposal.accepted","occurred_at":"2026-01-31T10:30:00+01:00"}}"#
    );
    let accepted = app
        .call(Method::POST, &events, Some(&body), &[])
        .await
        .expect(202);
    assert_eq!(accepted["deliveries"], 1);
    let read = app
        .get(&format!("{events}/{}", accepted["id"].as_str().unwrap()))
        .await;
    assert!(
        std::str::from_utf8(&read.bytes)
            .unwrap()
            .contains(&format!("\"data\":{data},"))
    );
    let event = read.expect(200);
    assert_eq!(event["occurred_at"], "2026-01-31T09:30:00.000Z");
    assert_eq!(
        (&event["origin"], &event["created_at"]),
        (&json!("producer"), &accepted["created_at"])
    );
    let warning = &event["warnings"][0];
    assert_eq!(
        (&warning["code"], &warning["pointer"]),
        (&json!("number_precision"), &json!("/data/a/0"))
    );
    assert!(warning["detail"].as_str().unwrap().contains("rounded"));
}

#[tokio::test]
async fn a_repeated_id_or_key_gets_the_first_response_and_another_body_is_a_conflict() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let body = json!({"type": "a", "data": 1, "id": "evt_01h455vb4pex5vsknk084sn02q"});
    let first = app.post(&events, &body).await.expect(202);
    assert_eq!(app.post(&events, &body).await.expect(200), first);
    let mut other = body.clone();
    other["data"] = json!(2);
    app.post(&events, &other).await.problem(409, "event_conflict");

    let keyed = async |body: &Value, key: &str| {
        app.call(
            Method::POST,
            &events,
            Some(&body.to_string()),
            &[("idempotency-key", key)],
        )
        .await
    };
    let first = keyed(&json!({"type": "a", "data": 1}), "k-1").await.expect(202);
    assert_eq!(
        keyed(&json!({"type": "a", "data": 1}), "k-1").await.expect(200),
        first
    );
    keyed(&json!({"type": "b", "data": 1}), "k-1")
        .await
        .problem(409, "event_conflict");
    assert_ne!(
        keyed(&json!({"type": "a", "data": 1}), "k-2").await.expect(202)["id"],
        first["id"]
    );
    for bad in ["", "a b", &"x".repeat(256)] {
        keyed(&json!({"type": "a", "data": 1}), bad)
            .await
            .problem(400, "invalid_idempotency_key");
    }
}

#[tokio::test]
async fn data_is_bounded_in_bytes_and_depth() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let sized = |bytes: usize| json!({"type": "a", "data": "x".repeat(bytes - 2)});
    app.post(&events, &sized(256 * 1024)).await.expect(202);
    let faults = app
        .post(&events, &sized(256 * 1024 + 1))
        .await
        .problem(413, "data_too_large");
    assert_eq!(faults, [("/data".to_owned(), "too_long".to_owned())]);
    app.post(&events, &sized(300 * 1024))
        .await
        .problem(413, "body_too_large");
    let nested = |depth: usize| {
        format!(
            r#"{{"type":"a","data":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    app.call(Method::POST, &events, Some(&nested(500)), &[])
        .await
        .expect(202);
    app.call(Method::POST, &events, Some(&nested(501)), &[])
        .await
        .fault("/data", "too_deep");
    // The list is too deep for this test's own parser.
    let list = app.get(&events).await.bytes;
    assert_eq!(
        std::str::from_utf8(&list)
            .unwrap()
            .matches("\"id\":\"evt_")
            .count(),
        2
    );
}

#[tokio::test]
async fn invalid_events_are_refused_with_pointers() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    app.post(&events, &json!({"type": "a"}))
        .await
        .fault("/data", "required");
    app.post(&events, &json!({"data": 1}))
        .await
        .fault("/type", "required");
    app.post(&events, &json!({"type": "a b", "data": 1}))
        .await
        .fault("/type", "invalid_value");
    app.post(&events, &json!({"type": "a", "data": 1, "id": "x"}))
        .await
        .fault("/id", "invalid_value");
    app.post(&events, &json!({"type": "a", "data": 1, "occurred_at": "now"}))
        .await
        .fault("/occurred_at", "invalid_value");
    app.post(&events, &json!(["a", 1, null, null]))
        .await
        .fault("", "wrong_type");
    assert_eq!(app.get(&events).await.expect(200)["data"], json!([]));
    app.post("/v1/accounts/nobody/events", &json!({"type": "a", "data": 1}))
        .await
        .problem(404, "account_not_found");
}

#[tokio::test]
async fn a_batch_has_one_result_per_event() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let batch = format!("{account}/events/batch");
    let id = "evt_01h455vb4pex5vsknk084sn02q";
    let body = json!({"events": [
        {"type": "proposal.accepted", "data": 1},
        {"type": "a b", "data": 2, "occurred_at": 1},
        {"type": "other", "data": 3, "id": id},
        {"type": "other", "data": 4, "id": id},
        {"type": "other", "data": 5, "dta": 1},
        {"type": "other", "data": "x".repeat(256 * 1024)},
    ]});
    let send = async || {
        app.call(
            Method::POST,
            &batch,
            Some(&body.to_string()),
            &[("idempotency-key", "b")],
        )
        .await
    };
    let response = send().await.expect(202);
    let items = response["data"].as_array().unwrap();
    let statuses: Vec<_> = items
        .iter()
        .map(|item| item["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [202, 422, 202, 409, 422, 413]);
    assert_eq!(
        (&items[0]["deliveries"], &items[2]["id"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(items[1]["error"]["errors"][0]["pointer"], "/events/1/occurred_at");
    assert_eq!(items[3]["error"]["code"], "event_conflict");
    assert_eq!(items[4]["error"]["errors"][0]["pointer"], "/events/4/dta");
    assert_eq!(items[5]["error"]["errors"][0]["pointer"], "/events/5/data");
    assert_eq!(
        app.get(&format!("{account}/events")).await.expect(200)["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let again = send().await.expect(202);
    assert_eq!(
        (&again["data"][0]["status"], &again["data"][0]["id"]),
        (&json!(200), &items[0]["id"])
    );
    assert_eq!(again["data"][2]["status"], 200);
}

#[tokio::test]
async fn batches_are_bounded_and_malformed_ones_are_refused_whole() {
    let app = App::start().await;
    let batch = format!("{}/events/batch", app.account().await);
    let of = |count: usize| json!({"events": vec![json!({"type": "a", "data": 1}); count]});
    let full = app.post(&batch, &of(1_000)).await.expect(202);
    assert_eq!(full["data"].as_array().unwrap().len(), 1_000);
    app.post(&batch, &of(1_001)).await.fault("/events", "too_many");
    app.post(&batch, &of(0)).await.fault("/events", "too_few");
    app.post(&batch, &json!({"events": 1}))
        .await
        .fault("/events", "wrong_type");
    app.call(
        Method::POST,
        &batch,
        Some(r#"{"events":[{"type":"a","data":1},]}"#),
        &[],
    )
    .await
    .problem(400, "malformed_json");
}

#[tokio::test]
async fn events_are_listed_newest_first_by_type_and_time() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let mut created = Vec::new();
    for (kind, data) in [("a", 1), ("b", 2), ("a", 3)] {
        created.push(
            app.post(&events, &json!({"type": kind, "data": data}))
                .await
                .expect(202),
        );
        // Wait, so that the next event gets a later time.
        let now = app.engine.clock().now();
        while app.engine.clock().now() <= now {
            tokio::task::yield_now().await;
        }
    }
    let data = async |query: &str| -> Vec<i64> {
        let page = app.get(&format!("{events}?{query}")).await.expect(200);
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["data"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(data("").await, [3, 2, 1]);
    assert_eq!(data("type=a").await, [3, 1]);
    let time = |index: usize| created[index]["created_at"].as_str().unwrap().to_owned();
    assert_eq!(
        data(&format!("after={}", time(1))).await,
        [3, 2],
        "after is inclusive"
    );
    assert_eq!(
        data(&format!("before={}", time(1))).await,
        [1],
        "before is exclusive"
    );
    for query in [
        "type=a%20b",
        "after=yesterday",
        "before=2026-01-31",
        "after=2026-01-31T09:30:00.000Z&after=x",
    ] {
        app.get(&format!("{events}?{query}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_page_of_large_events_ends_early_and_says_that_there_is_more() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    for _ in 0..60 {
        app.post(&events, &json!({"type": "a", "data": "x".repeat(100_000)}))
            .await
            .expect(202);
    }
    let page = app.get(&format!("{events}?limit=250")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 50);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app
        .get(&format!("{events}?limit=250&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        (rest["data"].as_array().unwrap().len(), &rest["next_cursor"]),
        (10, &Value::Null)
    );
}

#[tokio::test]
async fn another_accounts_event_is_not_found() {
    let app = App::start().await;
    let (mine, theirs) = (app.account().await, app.account().await);
    let event = app
        .post(&format!("{theirs}/events"), &json!({"type": "a", "data": 1}))
        .await
        .expect(202);
    app.get(&format!("{mine}/events/{}", event["id"].as_str().unwrap()))
        .await
        .problem(404, "event_not_found");
    app.get(&format!("{mine}/events/x"))
        .await
        .problem(400, "invalid_id");
}
