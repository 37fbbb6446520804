//! Bounds on what callers set off, and the health of actions.

use postrider_engine::EngineSettings;
use serde_json::{Value, json};

use crate::app::{App, url};

#[tokio::test]
async fn an_event_with_too_many_deliveries_is_prevented_when_an_automation_is_saved() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let action = json!({"type": "send_webhook", "url": url(200)});
    let body = |event_type: &str, enabled: bool| {
        json!({"name": "n", "enabled": enabled, "trigger": {"event_types": [event_type]},
            "actions": vec![action.clone(); 50]})
    };
    for _ in 0..10 {
        app.post(&automations, &body("a.b", true)).await.expect(201);
    }
    let refused = app.post(&automations, &body("a.*", true)).await;
    refused.fault("/trigger/event_types", "too_many");
    let detail = String::from_utf8_lossy(&refused.bytes);
    assert!(
        detail.contains("`a.b` would trigger 550 actions; at most 500 are possible"),
        "{detail}"
    );
    app.post(&automations, &body("a.c", true)).await.expect(201);
    let off = app.post(&automations, &body("*", false)).await.expect(201);
    let path = format!("{automations}/{}", off["id"].as_str().unwrap());
    app.patch(&path, &json!({"enabled": true}))
        .await
        .fault("/trigger/event_types", "too_many");
}

#[tokio::test]
async fn an_account_sends_ten_tests_a_minute() {
    let app = App::start().await;
    let (account, other) = (app.account().await, app.account().await);
    let path = |account: &str, automation: &Value| {
        format!(
            "{account}/automations/{}/test",
            automation["id"].as_str().unwrap()
        )
    };
    let test = path(&account, &app.automation(&account, 200).await);
    let faulty = app.post(&test, &json!({"type": "?"})).await;
    faulty.fault("/type", "invalid_value");
    for _ in 0..10 {
        app.post(&test, &json!({})).await.expect(202);
    }
    let refused = app.post(&test, &json!({})).await;
    refused.problem(429, "too_many_tests");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    let test = path(&other, &app.automation(&other, 200).await);
    app.post(&test, &json!({})).await.expect(202);
}

#[tokio::test]
async fn an_account_stores_no_more_than_its_limit() {
    let app = App::with(EngineSettings {
        stored_bytes_per_account_max: Some(1),
        ..EngineSettings::default()
    })
    .await;
    let (account, other) = (app.account().await, app.account().await);
    let (events, batch) = (format!("{account}/events"), format!("{account}/events/batch"));
    let event = json!({"type": "a.b", "data": 1});
    app.post(&events, &event).await.expect(202);
    let refused = app.post(&events, &event).await;
    refused.problem(429, "stored_bytes_exceeded");
    assert_eq!(refused.headers["retry-after"], "3600");
    let detail = String::from_utf8_lossy(&refused.bytes);
    assert!(detail.contains("at most 1 bytes"), "{detail}");
    let results = app.post(&batch, &json!({"events": [event]})).await.expect(202);
    assert_eq!(results["data"][0]["status"], 429);
    assert_eq!(results["data"][0]["error"]["code"], "stored_bytes_exceeded");
    app.post(&format!("{other}/events"), &event).await.expect(202);
}

#[tokio::test]
async fn an_account_has_one_replay_at_a_time() {
    let app = App::start().await;
    let account = app.account().await;
    let replay = format!("{account}/deliveries/replay");
    let filter = json!({"status": "failed"});
    // Both arrive before the first has ended, because the replay is a task of its own.
    let (first, second) = tokio::join!(app.post(&replay, &filter), app.post(&replay, &filter));
    assert_eq!(first.expect(202), json!({"count": 0}));
    second.problem(409, "replay_running");
    app.post(&replay, &filter).await.expect(202);
}

#[tokio::test]
async fn an_account_has_one_request_to_cancel_at_a_time() {
    let app = App::start().await;
    let account = app.account().await;
    let cancel = format!("{account}/deliveries/cancel");
    let filter = json!({"status": "pending"});
    let (first, second) = tokio::join!(app.post(&cancel, &filter), app.post(&cancel, &filter));
    assert_eq!(first.expect(202), json!({"count": 0}));
    second.problem(409, "cancel_running");
    app.post(&cancel, &filter).await.expect(202);
}

#[tokio::test]
async fn the_health_of_an_action_is_shown() {
    let app = App::start().await;
    let account = app.account().await;
    let failing = app.automation(&account, 500).await;
    let path = format!("{account}/automations/{}", failing["id"].as_str().unwrap());
    let submission = json!({"type": "proposal.accepted", "data": 1});
    app.post(&format!("{account}/events"), &submission)
        .await
        .expect(202);
    let failed = app
        .until(&path, |automation| {
            automation["actions"][0]["health"]["status"] == "failing"
        })
        .await;
    let health = &failed["actions"][0]["health"];
    assert!(health["since"].as_str().unwrap().ends_with('Z'), "{health}");
    let mut action = failing["actions"][0].clone();
    action["enabled"] = json!(false);
    let off = app.patch(&path, &json!({"actions": [action]})).await.expect(200);
    assert_eq!(
        off["actions"][0]["health"],
        json!({"status": "disabled", "reason": "by_hand"})
    );
}

#[tokio::test]
async fn a_list_of_automations_takes_as_many_reads_whatever_its_actions() {
    let app = App::start().await;
    let (one, many) = (app.account().await, app.account().await);
    app.automation(&one, 200).await;
    let action = json!({"type": "send_webhook", "url": url(200)});
    let body = json!({"name": "n", "trigger": {"event_types": ["a"]}, "actions": vec![action; 10]});
    for _ in 0..20 {
        app.post(&format!("{many}/automations"), &body).await.expect(201);
    }
    let reads = async |account: &str| {
        let path = format!("{account}/automations");
        app.get(&path).await.expect(200);
        let before = app.store.reads();
        app.get(&path).await.expect(200);
        app.store.reads() - before
    };
    assert_eq!(reads(&many).await, reads(&one).await);
}

#[tokio::test]
async fn an_automation_that_was_saved_is_returned_even_if_its_health_cannot_be_read() {
    let app = App::start().await;
    let account = app.account().await;
    let created = app.automation(&account, 200).await;
    assert_eq!(created["actions"][0]["health"], json!({"status": "healthy"}));
    let path = format!("{account}/automations/{}", created["id"].as_str().unwrap());
    // The account is in memory after this.
    app.get(&path).await.expect(200);
    app.store
        .run_sql("ALTER TABLE action_health RENAME TO lost")
        .await
        .unwrap();
    let updated = app.patch(&path, &json!({"name": "new"})).await.expect(200);
    assert_eq!(
        (&updated["name"], &updated["actions"][0]["health"]),
        (&json!("new"), &Value::Null)
    );
    app.get(&path).await.problem(500, "internal_error");
    app.store
        .run_sql("ALTER TABLE lost RENAME TO action_health")
        .await
        .unwrap();
    assert_eq!(app.get(&path).await.expect(200)["name"], "new");
}
