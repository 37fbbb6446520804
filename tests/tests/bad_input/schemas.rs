//! Schemas whose check takes exponential time.

use std::time::Instant;

use postrider_tests::wait::SOON;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

/// Twenty-seven levels, each of which applies the next twice.
fn doubling(keyword: &str) -> Value {
    let mut defs = serde_json::Map::new();
    for level in 0..27 {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs.insert(format!("d{level}"), json!({keyword: [next, next]}));
    }
    defs.insert("d27".to_owned(), json!({"type": "object"}));
    json!({"$defs": defs, "$ref": "#/$defs/d0"})
}

#[tokio::test]
async fn a_schema_that_applies_exponentially_many_schemas_is_refused() {
    let server = Server::start();
    let api = server.api();
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let body = json!({"schema": doubling(keyword)});
        let response = api.put("/v1/event-types/order.paid", body).await;
        response
            .problem(422, "invalid_body")
            .at("/schema", "invalid_value");
    }
}

/// Each level of the data has to match two alternatives, each of which checks the level below against two.
#[tokio::test]
async fn a_check_that_takes_long_delays_nothing_else() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let below = json!({"$ref": "#/$defs/n"});
    let alternative = |name: &str| json!({"properties": {"a": below}, "required": [name]});
    let schema =
        json!({"$defs": {"n": {"anyOf": [alternative("x"), alternative("y")]}}, "$ref": "#/$defs/n"});
    account
        .api
        .put("/v1/event-types/slow", json!({"schema": schema}))
        .await;
    let data = (0..60).fold(json!(5), |below, _| json!({"a": below}));
    let event = json!({"type": "slow", "data": data});
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let (account, event) = (account.clone(), event.clone());
            tokio::spawn(async move { account.api.post(account.at("/events"), event).await })
        })
        .collect();
    let mut quick = 0;
    while !slow.iter().all(|it| it.is_finished()) {
        quick += 1;
        let began = Instant::now();
        assert_eq!(account.api.get("/healthz").await.status, 200);
        account.send("quick", "1").await;
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    }
    // So many take far longer than the slow events take to reach their check.
    assert!(
        quick > 5,
        "the slow checks took too little time to say anything: {quick}"
    );
    for response in slow {
        let response = response.await.unwrap();
        assert_eq!(response.status, 422, "{:?}", response.body);
        assert!(response.body.len() < 4_096, "{:?}", response.body);
    }
}
