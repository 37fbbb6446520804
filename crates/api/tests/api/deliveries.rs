//! Deliveries, their record, resend, replay and canceling.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, url};

/// An event whose one delivery has this status, and the path of that delivery.
pub async fn delivered(app: &App, account: &str, status: &str) -> (Value, String) {
    let body = json!({"type": "proposal.accepted", "data": {"n": 1}});
    let event = app.post(&format!("{account}/events"), &body).await.expect(202);
    let list = format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap());
    let page = app.until(&list, |page| page["data"][0]["status"] == status).await;
    let id = page["data"][0]["id"].as_str().unwrap();
    (page["data"][0].clone(), format!("{account}/deliveries/{id}"))
}

#[tokio::test]
async fn a_delivery_shows_its_attempts() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 500).await;
    let (listed, path) = delivered(&app, &account, "failed").await;
    assert_eq!(
        (
            &listed["attempt_count"],
            &listed["last_outcome"],
            &listed["last_status_code"]
        ),
        (&json!(1), &json!("bad_status"), &json!(500))
    );
    assert_eq!(
        (&listed["automation_id"], &listed["action_id"]),
        (&automation["id"], &automation["actions"][0]["id"])
    );
    assert!(listed["settled_at"].is_string() && listed["next_attempt_at"].is_null());

    let delivery = app.get(&path).await.expect(200);
    let attempt = &delivery["attempts"][0];
    assert_eq!(
        (&attempt["number"], &attempt["outcome"], &attempt["status_code"]),
        (&json!(1), &json!("bad_status"), &json!(500))
    );
    assert_eq!(attempt["url"], url(500));
    let names: Vec<_> = attempt["request_headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| header["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"Postrider-Signature") && names.contains(&"webhook-id"),
        "{names:?}"
    );
    assert_eq!(
        attempt["response_headers"],
        json!([{"name": "x-a", "value": "1"}, {"name": "x-a", "value": "2"}])
    );
    assert_eq!(
        (&attempt["response_body"], &attempt["response_body_base64"]),
        (&json!("ok\u{fffd}"), &json!("b2v/"))
    );
}

#[tokio::test]
async fn the_value_of_a_secret_header_is_sent_and_never_shown_again() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let path = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    let mut action = automation["actions"][0].clone();
    action["headers"] = json!({"Authorization": "Bearer hidden", "X-Team": "sales"});
    action["plain_headers"] = json!(["x-team"]);
    let saved = app.patch(&path, &json!({"actions": [action]})).await.expect(200);
    let shown = json!({"Authorization": "••••", "X-Team": "sales"});
    assert_eq!(saved["actions"][0]["headers"], shown);
    assert_eq!(saved["actions"][0]["plain_headers"], json!(["X-Team"]));

    // What was read can be sent back: the edit keeps the value.
    let mut action = saved["actions"][0].clone();
    action["timeout_s"] = json!(7);
    let edited = app.patch(&path, &json!({"actions": [action]})).await.expect(200);
    assert_eq!(edited["actions"][0], action);
    app.patch(&path, &json!({"name": "Renamed"})).await.expect(200);

    let (_, path) = delivered(&app, &account, "succeeded").await;
    let delivery = app.get(&path).await.expect(200);
    let sent = app.sent.lock()[0].headers.clone();
    assert!(
        sent.contains(&("Authorization".to_owned(), "Bearer hidden".to_owned())),
        "{sent:?}"
    );
    let recorded = delivery["attempts"][0]["request_headers"].as_array().unwrap();
    for (name, value) in [("Authorization", "••••"), ("X-Team", "sales")] {
        assert!(
            recorded.contains(&json!({"name": name, "value": value})),
            "{recorded:?}"
        );
    }
}

#[tokio::test]
async fn a_resend_is_one_more_attempt() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let (_, path) = delivered(&app, &account, "succeeded").await;
    let resent = app
        .call(Method::POST, &format!("{path}/resend"), None, &[])
        .await
        .expect(202);
    assert!(path.ends_with(resent["id"].as_str().unwrap()));
    let resent = app
        .until(&path, |delivery| {
            delivery["attempt_count"] == 2 && delivery["status"] == "succeeded"
        })
        .await;
    assert_eq!(resent["attempts"][1]["number"], 2);
    let sent = app.sent.lock().clone();
    assert_eq!(sent[0].body, sent[1].body);
    app.post(&format!("{path}/resend"), &json!({"force": true}))
        .await
        .fault("/force", "unknown_member");
}

#[tokio::test]
async fn an_impossible_resend_is_a_conflict() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let (_, succeeded) = delivered(&app, &account, "succeeded").await;
    let path = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    app.patch(&path, &json!({"enabled": false})).await.expect(200);
    app.post(&format!("{succeeded}/resend"), &json!({}))
        .await
        .problem(409, "action_gone");
    app.delete(&path).await.expect(204);
    app.post(&format!("{succeeded}/resend"), &json!({}))
        .await
        .problem(409, "action_gone");

    app.automation(&account, 0).await;
    let (_, waiting) = delivered(&app, &account, "pending").await;
    app.post(&format!("{waiting}/resend"), &json!({}))
        .await
        .problem(409, "delivery_under_way");
}

#[tokio::test]
async fn a_replay_accepts_the_filters_of_the_list() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    for _ in 0..3 {
        delivered(&app, &account, "succeeded").await;
    }
    let replay = format!("{account}/deliveries/replay");
    app.call(Method::POST, &replay, None, &[])
        .await
        .problem(415, "unsupported_media_type");
    let none = app.post(&replay, &json!({"status": "failed"})).await.expect(202);
    assert_eq!(none, json!({"count": 0}));
    let all = app
        .post(&replay, &json!({"event_type": "proposal.accepted"}))
        .await
        .expect(202);
    assert_eq!(all, json!({"count": 3}));
    let path = format!("{account}/deliveries");
    let twice = |page: &Value| {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|delivery| delivery["attempt_count"] == 2)
    };
    app.until(&path, twice).await;

    let bad = json!({"status": "late", "event_id": "x", "automation_id": "x", "action_id": "x", "event_type": "?", "after": "x", "before": "x"});
    assert_eq!(
        app.post(&replay, &bad).await.problem(422, "invalid_body").len(),
        7
    );
    app.post(&replay, &json!({"limit": 5}))
        .await
        .fault("/limit", "unknown_member");
}

#[tokio::test]
async fn a_replay_without_a_filter_is_refused_and_resends_nothing() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let (delivery, path) = delivered(&app, &account, "succeeded").await;
    let replay = format!("{account}/deliveries/replay");
    for body in [
        json!({}),
        json!({"status": null}),
        json!({"dry_run": true}),
        json!({"status": null, "before": null, "dry_run": false}),
    ] {
        app.post(&replay, &body).await.fault("", "filter_required");
    }
    // If one of them had resent anything, this delivery would be under way, and a resend would be a conflict.
    assert_eq!(app.get(&path).await.expect(200)["attempt_count"], 1);
    app.post(&replay, &json!({"event_id": delivery["event_id"]}))
        .await
        .expect(202);
}

#[tokio::test]
async fn a_dry_run_counts_what_a_replay_would_resend() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let (_, path) = delivered(&app, &account, "succeeded").await;
    delivered(&app, &account, "succeeded").await;
    let replay = format!("{account}/deliveries/replay");
    for (status, count) in [("succeeded", 2), ("failed", 0)] {
        let body = json!({"status": status, "dry_run": true});
        let counted = app.post(&replay, &body).await.expect(202);
        assert_eq!(counted, json!({"count": count}));
    }
    assert_eq!(app.get(&path).await.expect(200)["attempt_count"], 1);
    app.post(&replay, &json!({"status": "failed", "dry_run": "yes"}))
        .await
        .fault("/dry_run", "wrong_type");
}

#[tokio::test]
async fn deliveries_are_listed_by_every_filter() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 500).await;
    let (delivery, _) = delivered(&app, &account, "failed").await;
    let count = async |query: &str| {
        app.get(&format!("{account}/deliveries?{query}"))
            .await
            .expect(200)["data"]
            .as_array()
            .unwrap()
            .len()
    };
    let text = |member: &str| delivery[member].as_str().unwrap().to_owned();
    for query in [
        String::new(),
        "status=failed".to_owned(),
        "event_type=proposal.accepted".to_owned(),
        format!("event_id={}", text("event_id")),
        format!("automation_id={}", text("automation_id")),
        format!("action_id={}", text("action_id")),
        format!("after={}", text("created_at")),
        "before=9999-01-01T00:00:00Z&limit=1".to_owned(),
    ] {
        assert_eq!(count(&query).await, 1, "{query}");
    }
    for query in [
        "status=succeeded",
        "event_type=other",
        &format!("before={}", text("created_at")),
    ] {
        assert_eq!(count(query).await, 0, "{query}");
    }
    app.get(&format!("{account}/deliveries?status=late"))
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn another_accounts_delivery_is_not_found() {
    let app = App::start().await;
    let (mine, theirs) = (app.account().await, app.account().await);
    app.automation(&theirs, 200).await;
    let (delivery, _) = delivered(&app, &theirs, "succeeded").await;
    let path = format!("{mine}/deliveries/{}", delivery["id"].as_str().unwrap());
    app.get(&path).await.problem(404, "delivery_not_found");
    app.post(&format!("{path}/resend"), &json!({}))
        .await
        .problem(404, "delivery_not_found");
    let filter = json!({"event_id": delivery["event_id"]});
    let replayed = app.post(&format!("{mine}/deliveries/replay"), &filter).await;
    assert_eq!(replayed.expect(202)["count"], 0);
    app.get(&format!("{mine}/deliveries/evt_01h455vb4pex5vsknk084sn02q"))
        .await
        .problem(400, "invalid_id");
}

/// An event whose one delivery waits for a retry, in an account whose automation retries after an hour.
async fn waiting(app: &App, account: &str) -> (Value, String) {
    let body = json!({"type": "proposal.accepted", "data": {"n": 1}});
    let event = app.post(&format!("{account}/events"), &body).await.expect(202);
    let list = format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap());
    let is_waiting = |page: &Value| page["data"][0]["next_attempt_at"].is_string();
    let page = app.until(&list, is_waiting).await;
    let id = page["data"][0]["id"].as_str().unwrap();
    (event, format!("{account}/deliveries/{id}"))
}

async fn account_that_retries_late(app: &App) -> String {
    let account = app.account().await;
    let automation = app.automation(&account, 500).await;
    let path = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    app.patch(&path, &json!({"retry_delays_s": [3600]}))
        .await
        .expect(200);
    account
}

#[tokio::test]
async fn pending_deliveries_are_counted_and_canceled_by_the_filters_of_the_list() {
    let app = App::start().await;
    let account = account_that_retries_late(&app).await;
    let (event, first) = waiting(&app, &account).await;
    let (_, second) = waiting(&app, &account).await;
    let cancel = format!("{account}/deliveries/cancel");
    let asked = async |body: Value| app.post(&cancel, &body).await.expect(202);
    let dry_run = json!({"event_type": "proposal.accepted", "dry_run": true});
    assert_eq!(asked(dry_run).await, json!({"count": 2}));
    assert_eq!(app.get(&first).await.expect(200)["status"], "pending");
    assert_eq!(asked(json!({"status": "failed"})).await, json!({"count": 0}));
    let one = json!({"event_id": event["id"]});
    assert_eq!(asked(one.clone()).await, json!({"count": 1}));
    let canceled = app.get(&first).await.expect(200);
    assert_eq!(
        (&canceled["status"], &canceled["next_attempt_at"]),
        (&json!("canceled"), &Value::Null)
    );
    assert!(canceled["settled_at"].is_string());
    assert_eq!(app.get(&second).await.expect(200)["status"], "pending");
    assert_eq!(asked(one).await, json!({"count": 0}));
    app.post(&format!("{first}/resend"), &json!({})).await.expect(202);
}

#[tokio::test]
async fn canceling_without_a_filter_or_with_an_invalid_one_is_refused_and_cancels_nothing() {
    let app = App::start().await;
    let account = account_that_retries_late(&app).await;
    let (_, path) = waiting(&app, &account).await;
    let cancel = format!("{account}/deliveries/cancel");
    for body in [
        json!({}),
        json!({"status": null}),
        json!({"dry_run": true}),
        json!({"before": null, "dry_run": false}),
    ] {
        app.post(&cancel, &body).await.fault("", "filter_required");
    }
    let invalid = json!({"status": "late", "event_id": "x", "automation_id": "x", "action_id": "x", "event_type": "?", "after": "x", "before": "x"});
    assert_eq!(
        app.post(&cancel, &invalid)
            .await
            .problem(422, "invalid_body")
            .len(),
        7
    );
    app.post(&cancel, &json!({"limit": 5}))
        .await
        .fault("/limit", "unknown_member");
    assert_eq!(app.get(&path).await.expect(200)["status"], "pending");
}
