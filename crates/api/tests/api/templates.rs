//! Templates of webhook bodies.

use serde_json::{Value, json};

use crate::app::{App, url};

fn automation(body: &Value) -> Value {
    let mut action = json!({"type": "send_webhook", "url": url(200)});
    action
        .as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    json!({"name": "n", "trigger": {"event_types": ["a.b"]}, "actions": [action]})
}

#[tokio::test]
async fn a_template_is_saved_shown_and_replaced() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let template = "{\"text\": \"{{ data.name }}\"}";
    let created = app
        .post(
            &automations,
            &automation(&json!({"body": "template", "template": template})),
        )
        .await;
    let created = created.expect(201);
    let action = &created["actions"][0];
    assert_eq!(
        (&action["body"], &action["template"], &action["content_type"]),
        (&json!("template"), &json!(template), &json!("application/json"))
    );
    let path = format!("{automations}/{}", created["id"].as_str().unwrap());
    let mut changed = action.clone();
    changed["template"] = json!("{{ data }}");
    changed["content_type"] = json!("text/plain");
    let saved = app.patch(&path, &json!({"actions": [changed]})).await.expect(200);
    assert_eq!(saved["actions"][0], changed);
    let mut plain = action.clone();
    plain["body"] = json!("data");
    plain["template"] = json!(null);
    plain["content_type"] = json!(null);
    let saved = app.patch(&path, &json!({"actions": [plain]})).await.expect(200);
    assert_eq!(saved["actions"][0], plain);
}

#[tokio::test]
async fn faults_of_templates_have_their_pointer_and_line() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    for (body, member, code, detail) in [
        (
            json!({"template": "a\n\n{{ data."}),
            "template",
            "invalid_template",
            "line 3: ",
        ),
        (
            json!({"template": "{{ date.x }}"}),
            "template",
            "invalid_template",
            "line 1: there is no variable",
        ),
        (
            json!({"template": "x".repeat(16 * 1024 + 1)}),
            "template",
            "invalid_template",
            "longer than 16 KiB",
        ),
        (json!({}), "template", "blank", "enter a template"),
        (
            json!({"template": "{}", "content_type": "json"}),
            "content_type",
            "invalid_value",
            "",
        ),
        (
            json!({"template": "{}", "body_style": "raw"}),
            "body_style",
            "invalid_value",
            "",
        ),
        (
            json!({"template": "{}", "body": "envelope"}),
            "template",
            "invalid_value",
            "",
        ),
    ] {
        let mut whole = json!({"body": "template"});
        whole
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let refused = app.post(&automations, &automation(&whole)).await;
        refused.fault(&format!("/actions/0/{member}"), code);
        let text = String::from_utf8_lossy(&refused.bytes).into_owned();
        assert!(text.contains(detail), "{text}");
    }
}

#[tokio::test]
async fn what_is_sent_is_the_output_and_a_failure_is_on_record() {
    let app = App::start().await;
    let account = app.account().await;
    let template = json!({"body": "template", "template": "{\"total\": {{ data.total }}, \"who\": \"{{ data.who }}\"{{ data.more }}}"});
    app.post(&format!("{account}/automations"), &automation(&template))
        .await
        .expect(201);
    let deliveries = format!("{account}/deliveries");
    for (data, status, outcome) in [
        (json!({"total": 1, "who": "a\"b"}), "failed", "not_rendered"),
        (
            json!({"total": 1, "who": "x", "more": null}),
            "failed",
            "not_rendered",
        ),
    ] {
        let event = json!({"type": "a.b", "data": data});
        let event = app.post(&format!("{account}/events"), &event).await.expect(202);
        let path = format!("{deliveries}?event_id={}", event["id"].as_str().unwrap());
        let list = app.until(&path, |list| list["data"][0]["status"] == status).await;
        let path = format!("{deliveries}/{}", list["data"][0]["id"].as_str().unwrap());
        let record = app.get(&path).await.expect(200);
        let attempt = &record["attempts"][0];
        assert_eq!(attempt["outcome"], outcome);
        assert!(attempt["error"].as_str().unwrap().contains("line 1"), "{attempt}");
        assert_eq!(
            (&attempt["status_code"], &attempt["request_headers"]),
            (&json!(null), &json!([]))
        );
    }
}
