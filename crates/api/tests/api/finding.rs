//! Finding: by id, by the last response, and as a file.

use futures_util::future::join_all;
use http::Method;
use postrider_access::ApiKeyDraft;
use postrider_model::{By, Permission};
use postrider_storage_sqlite::DATABASE_FILE;
use serde_json::{Value, json};

use crate::app::App;

/// An account with a delivery that succeeded and one whose receiver responded with 500.
async fn two_deliveries(app: &App) -> (String, Vec<Value>) {
    let account = app.account().await;
    for status in [200, 500] {
        app.automation(&account, status).await;
    }
    let event = json!({"type": "proposal.accepted", "data": {"n": 1}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let list = format!("{account}/deliveries");
    let is_over = |page: &Value| {
        let deliveries = page["data"].as_array().unwrap();
        deliveries.len() == 2
            && deliveries
                .iter()
                .all(|delivery| delivery["settled_at"].is_string())
    };
    let page = app.until(&list, is_over).await;
    (account, page["data"].as_array().unwrap().clone())
}

fn of_status<'a>(deliveries: &'a [Value], status: &str) -> &'a Value {
    deliveries
        .iter()
        .find(|delivery| delivery["status"] == status)
        .unwrap()
}

#[tokio::test]
async fn deliveries_are_found_by_status_code_and_outcome() {
    let app = App::start().await;
    let (account, deliveries) = two_deliveries(&app).await;
    let (succeeded, failed) = (
        of_status(&deliveries, "succeeded"),
        of_status(&deliveries, "failed"),
    );
    for (query, expected) in [
        ("status_code=500", vec![failed]),
        ("status_code=5xx", vec![failed]),
        ("status_code=2xx", vec![succeeded]),
        ("status_code=503", vec![]),
        ("outcome=bad_status", vec![failed]),
        ("outcome=succeeded", vec![succeeded]),
        ("outcome=timeout", vec![]),
        ("outcome=bad_status&status_code=2xx", vec![]),
    ] {
        let page = app
            .get(&format!("{account}/deliveries?{query}"))
            .await
            .expect(200);
        let found: Vec<_> = page["data"].as_array().unwrap().iter().collect();
        assert_eq!(found, expected, "{query}");
    }
    let only = json!({"status_code": "5xx", "dry_run": true});
    let counted = app
        .post(&format!("{account}/deliveries/replay"), &only)
        .await
        .expect(202);
    assert_eq!(counted["count"], 1);
    for query in ["status_code=6xx", "status_code=50", "outcome=late"] {
        let faults = app
            .get(&format!("{account}/deliveries?{query}"))
            .await
            .problem(400, "invalid_query");
        assert_eq!(faults[0].1, "invalid_parameter", "{query}");
    }
}

#[tokio::test]
async fn an_export_has_the_deliveries_of_the_list_in_both_forms() {
    let app = App::start().await;
    let (account, deliveries) = two_deliveries(&app).await;
    let lines = app.get(&format!("{account}/deliveries.ndjson")).await;
    assert_eq!(lines.status, 200);
    assert_eq!(lines.headers["content-type"], "application/x-ndjson");
    let text = std::str::from_utf8(&lines.bytes).unwrap();
    let exported: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(exported, deliveries);

    let csv = app.get(&format!("{account}/deliveries.csv?status=failed")).await;
    assert_eq!(
        csv.headers["content-disposition"],
        "attachment; filename=\"deliveries.csv\""
    );
    let text = std::str::from_utf8(&csv.bytes).unwrap();
    let mut rows = text.split("\r\n").map(|row| row.split(',').collect::<Vec<_>>());
    let (names, values) = (rows.next().unwrap(), rows.next().unwrap());
    assert_eq!(
        rows.next(),
        Some(vec![""]),
        "one delivery, and a line break after it"
    );
    let failed = of_status(&deliveries, "failed").as_object().unwrap();
    assert_eq!(names.len(), failed.len());
    for (name, value) in names.into_iter().zip(values) {
        let expected = match &failed[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(value, expected, "{name}");
    }
    app.get(&format!("{account}/deliveries.csv?limit=1"))
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn an_account_has_one_export_at_a_time() {
    let app = App::start().await;
    let (account, _) = two_deliveries(&app).await;
    let export = format!("{account}/deliveries.csv");
    let under_way = app.open(&export).await;
    assert_eq!(under_way.status(), 200);
    let refused = app.get(&export).await;
    refused.problem(429, "too_many_exports");
    assert_eq!(refused.headers["retry-after"], "5");
    drop(under_way);
    assert_eq!(app.get(&export).await.status, 200);
}

#[tokio::test]
async fn an_export_that_cannot_begin_is_a_problem_and_no_broken_file() {
    let app = App::start().await;
    let (account, _) = two_deliveries(&app).await;
    let broken = rusqlite::Connection::open(app.folder().join(DATABASE_FILE)).unwrap();
    broken
        .execute_batch("ALTER TABLE deliveries RENAME TO away")
        .unwrap();
    for form in ["csv", "ndjson"] {
        app.get(&format!("{account}/deliveries.{form}"))
            .await
            .problem(500, "internal_error");
    }
}

#[tokio::test]
async fn a_search_finds_ids_and_uids_and_leads_to_them() {
    let app = App::start().await;
    let (account, deliveries) = two_deliveries(&app).await;
    let automations = app.get(&format!("{account}/automations")).await.expect(200);
    let action = automations["data"][0]["actions"][0]["id"].as_str().unwrap();
    let ids = [
        ("delivery", deliveries[0]["id"].as_str().unwrap()),
        ("event", deliveries[0]["event_id"].as_str().unwrap()),
        ("automation", automations["data"][0]["id"].as_str().unwrap()),
        ("action", action),
        ("account", account.rsplit('/').next().unwrap()),
        ("event_type", "proposal.accepted"),
    ];
    for (kind, id) in ids {
        let found = app.get(&format!("/v1/search?q={id}")).await.expect(200);
        let [one] = &found["data"].as_array().unwrap()[..] else {
            panic!("{id}: {found}");
        };
        assert_eq!((&one["type"], &one["id"]), (&json!(kind), &json!(id)));
        let target = app.get(one["path"].as_str().unwrap()).await.expect(200);
        assert!(target.to_string().contains(id), "{kind}: {target}");
    }
    assert_eq!(
        app.get("/v1/search?q=nothing").await.expect(200)["data"],
        json!([])
    );
    for query in [
        "",
        "?q=",
        "?q=a%20b",
        "?q=%C3%A9",
        "?q=a&q=b",
        &format!("?q={}", "x".repeat(129)),
    ] {
        app.get(&format!("/v1/search{query}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn a_caller_of_one_account_finds_nothing_of_others() {
    let app = App::start().await;
    let (_, deliveries) = two_deliveries(&app).await;
    let other = app.account().await;
    let account = other.rsplit('/').next().unwrap();
    let draft = ApiKeyDraft {
        name: "one account".to_owned(),
        permissions: vec![Permission::Read],
        account: Some(account.parse().unwrap()),
        expires_at: None,
    };
    let key = app.access.create_api_key(&By::NODE, draft).await.unwrap().1;
    let header = format!("Bearer {}", key.expose());
    let find = async |id: &str| {
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(format!("/v1/search?q={id}"))
            .header("authorization", &header);
        app.send(request.body(axum::body::Body::empty()).unwrap())
            .await
            .expect(200)["data"]
            .clone()
    };
    for id in [
        deliveries[0]["id"].as_str().unwrap(),
        deliveries[0]["event_id"].as_str().unwrap(),
        "proposal.accepted",
    ] {
        assert_eq!(find(id).await, json!([]), "{id}");
    }
    assert_eq!(find(account).await[0]["type"], "account");
}

#[tokio::test]
async fn events_are_found_by_what_is_in_their_data_page_by_page() {
    let app = App::start().await;
    let account = app.account().await;
    // More than one page looks at; every 100th has the text.
    for batch in 0..3 {
        let events: Vec<_> = (0..500)
            .map(|n| match n % 100 {
                0 => json!({"type": "a", "data": {"mail": format!("Anna.{batch}.{n}@Example.com")}}),
                _ => json!({"type": "a", "data": {"mail": "bert@example.org"}}),
            })
            .collect();
        app.post(&format!("{account}/events/batch"), &json!({ "events": events }))
            .await
            .expect(202);
    }
    let found = async |query: &str| {
        let page = app.get(&format!("{account}/events?{query}")).await.expect(200);
        let events = page["data"].as_array().unwrap();
        let mails = events
            .iter()
            .map(|event| event["data"]["mail"].as_str().unwrap().to_owned());
        let cursor = page["next_cursor"].as_str().map(str::to_owned);
        (mails.collect::<Vec<_>>(), cursor)
    };
    // A page ends with its last match, and the next one begins behind it.
    let (mut all, mut cursor) = found("data_contains=@example.COM&limit=4").await;
    assert_eq!(all.len(), 4);
    let mut pages = 1;
    while let Some(next) = cursor {
        let (more, after) = found(&format!("data_contains=@example.com&limit=4&cursor={next}")).await;
        (cursor, pages) = (after, pages + 1);
        all.extend(more);
    }
    let expected: Vec<_> = (0..3)
        .rev()
        .flat_map(|batch| {
            (0..5)
                .rev()
                .map(move |n| format!("Anna.{batch}.{}@Example.com", 100 * n))
        })
        .collect();
    assert_eq!(all, expected);
    assert!(pages < 8, "{pages}");
    // Nothing matches, and the first page says that older events were not looked at.
    let (none, cursor) = found("data_contains=carla").await;
    assert!(none.is_empty());
    let next = cursor.expect("older events");
    assert_eq!(
        found(&format!("data_contains=carla&cursor={next}")).await,
        (vec![], None)
    );
    for wrong in ["", &"x".repeat(201)] {
        app.get(&format!("{account}/events?data_contains={wrong}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn an_account_has_one_search_in_data_at_a_time() {
    let app = App::start().await;
    let account = app.account().await;
    let events: Vec<_> = (0..200).map(|n| json!({"type": "a", "data": n})).collect();
    app.post(&format!("{account}/events/batch"), &json!({ "events": events }))
        .await
        .expect(202);
    let path = format!("{account}/events?data_contains=zebra");
    let statuses = join_all((0..3).map(|_| async { app.get(&path).await.status })).await;
    assert_eq!(statuses, [200, 429, 429]);
    let refused = join_all([app.get(&path), app.get(&path)]).await.pop().unwrap();
    refused.problem(429, "too_many_searches");
    assert_eq!(refused.headers["retry-after"], "5");
    assert_eq!(app.get(&path).await.status, 200);
}
