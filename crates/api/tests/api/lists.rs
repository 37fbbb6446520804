//! Pages, limits and cursors.

use serde_json::{Value, json};

use crate::app::App;

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let app = App::start().await;
    let mut created = Vec::new();
    for number in 0..5 {
        let account = app
            .post("/v1/accounts", &json!({"name": format!("A{number}")}))
            .await
            .expect(201);
        created.insert(0, account["id"].clone());
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/accounts?limit=2".to_owned());
    loop {
        let page = app.get(&path).await.expect(200);
        let ids = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| account["id"].clone());
        seen.extend(ids);
        // An account created in between is newer than all that remain to be listed.
        app.account().await;
        match &page["next_cursor"] {
            Value::String(cursor) => path = format!("/v1/accounts?limit=2&cursor={cursor}"),
            end => {
                assert_eq!(end, &Value::Null);
                break;
            }
        }
    }
    assert_eq!(seen, created);
}

#[tokio::test]
async fn invalid_limits_and_cursors_are_refused() {
    let app = App::start().await;
    let (one, other) = (app.account().await, app.account().await);
    for list in [
        "/v1/accounts",
        "/v1/event-types",
        &format!("{one}/automations"),
        &format!("{one}/events"),
        &format!("{one}/deliveries"),
        &format!("{one}/signing-keys"),
    ] {
        for query in [
            "limit=0",
            "limit=251",
            "limit=-1",
            "limit=ten",
            "limit=",
            "limit=1&limit=2",
        ] {
            app.get(&format!("{list}?{query}"))
                .await
                .problem(400, "invalid_query");
        }
        for cursor in ["cur_nonsense", "", "cur_AAAA", "evt_01h455vb4pex5vsknk084sn02q"] {
            app.get(&format!("{list}?cursor={cursor}"))
                .await
                .problem(400, "invalid_cursor");
        }
        app.get(&format!("{list}?page=2"))
            .await
            .problem(400, "invalid_query");
        app.get(&format!("{list}?limit=250")).await.expect(200);
    }
    for _ in 0..2 {
        app.post(&format!("{one}/events"), &json!({"type": "a", "data": 1}))
            .await
            .expect(202);
    }
    let page = app.get(&format!("{one}/events?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    app.get(&format!("{one}/events?cursor={cursor}"))
        .await
        .expect(200);
    app.get(&format!("{other}/events?cursor={cursor}"))
        .await
        .problem(400, "invalid_cursor");
    app.get(&format!("{one}/deliveries?cursor={cursor}"))
        .await
        .problem(400, "invalid_cursor");
}
