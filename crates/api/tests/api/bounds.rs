//! Bounds on what callers set off, and the health of actions.

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
    assert!(
        health["since"].as_str().unwrap().ends_with(":00:00.000Z"),
        "{health}"
    );
    let mut action = failing["actions"][0].clone();
    action["enabled"] = json!(false);
    let off = app.patch(&path, &json!({"actions": [action]})).await.expect(200);
    assert_eq!(
        off["actions"][0]["health"],
        json!({"status": "disabled", "reason": "by_hand"})
    );
}
