//! Conditions of automations, and why an event triggers them or does not.

use http::Method;
use serde_json::json;

use crate::app::{App, url};

#[tokio::test]
async fn conditions_decide_which_events_have_deliveries() {
    let app = App::start().await;
    let account = app.account().await;
    let automations = format!("{account}/automations");
    let conditions = r#"{"all":[{"path":"/total","op":"gte","value":8202522731445525542.50}]}"#;
    let body = format!(
        r#"{{"name":"Large","trigger":{{"event_types":["a.b"],"conditions":{conditions}}},
            "actions":[{{"type":"send_webhook","url":"{}"}}]}}"#,
        url(200)
    );
    let created = app.call(Method::POST, &automations, Some(&body), &[]).await;
    let automation = created.expect(201);
    let text = std::str::from_utf8(&created.bytes).unwrap();
    assert!(text.contains(conditions), "{text}");
    assert_eq!(automation["held_back_24h"], 0);

    for (total, deliveries) in [("8202522731445525542.49", 0), ("8202522731445525542.5", 1)] {
        let event = format!(r#"{{"type":"a.b","data":{{"total":{total}}}}}"#);
        let events = format!("{account}/events");
        let accepted = app
            .call(Method::POST, &events, Some(&event), &[])
            .await
            .expect(202);
        assert_eq!(accepted["deliveries"], deliveries, "{total}");
        let id = accepted["id"].as_str().unwrap();
        let found = app
            .get(&format!("{account}/events/{id}/automations"))
            .await
            .expect(200);
        let verdict = &found["data"][0];
        let status = ["held_back", "triggered"][deliveries];
        assert_eq!(verdict["status"], status);
        assert_eq!(verdict["automation_id"], automation["id"]);
        let comparison = &verdict["comparisons"][0];
        assert_eq!(
            (&comparison["path"], &comparison["op"], &comparison["found"]),
            (&json!("/total"), &json!("gte"), &json!(total))
        );
    }

    let path = format!("{automations}/{}", automation["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.expect(200)["held_back_24h"], 1);
    let listed = app.get(&automations).await.expect(200);
    assert_eq!(listed["data"][0]["held_back_24h"], 1);
}

#[tokio::test]
async fn a_patch_replaces_merges_and_removes_conditions() {
    let app = App::start().await;
    let account = app.account().await;
    let before = app.automation(&account, 200).await;
    let path = format!("{account}/automations/{}", before["id"].as_str().unwrap());
    assert_eq!(before["trigger"]["conditions"], json!(null));
    assert!(before.get("held_back_24h").is_none());

    let row = |path: &str| json!({"path": path, "op": "exists"});
    let all = json!({"all": [row("/a")]});
    let set = app
        .patch(&path, &json!({"trigger": {"conditions": all}}))
        .await
        .expect(200);
    assert_eq!(
        set["trigger"],
        json!({"event_types": ["proposal.*"], "conditions": all})
    );
    // The members of `conditions` are merged, as RFC 7396 says.
    let both = app
        .patch(&path, &json!({"trigger": {"conditions": {"any": [row("/b")]}}}))
        .await;
    both.fault("/trigger/conditions/any", "invalid_condition");
    let any = json!({"any": [row("/b")], "all": null});
    let set = app
        .patch(&path, &json!({"trigger": {"conditions": any}}))
        .await
        .expect(200);
    assert_eq!(set["trigger"]["conditions"], json!({"any": [row("/b")]}));
    let removed = app
        .patch(&path, &json!({"trigger": {"conditions": null}}))
        .await
        .expect(200);
    assert_eq!(removed["trigger"], before["trigger"]);
}

#[tokio::test]
async fn each_fault_of_conditions_has_its_pointer() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let row = |member: &str, value: serde_json::Value| {
        let mut row = json!({"path": "/a", "op": "eq", "value": 1});
        row[member] = value;
        row
    };
    for (conditions, pointer) in [
        (json!([]), ""),
        (json!({"all": []}), "/all"),
        (json!({"all": [row("op", json!("about"))]}), "/all/0/op"),
        (json!({"all": [row("path", json!("a"))]}), "/all/0/path"),
        (json!({"any": [row("path", json!("/a~2"))]}), "/any/0/path"),
        (json!({"any": [row("vlue", json!(1))]}), "/any/0/vlue"),
        (json!({"not": row("op", json!("in"))}), "/not/value"),
        (json!({"all": vec![row("op", json!("eq")); 51]}), ""),
        (
            json!({"not": {"not": {"not": {"not": {"not": row("op", json!("eq"))}}}}}),
            "/not/not/not/not/not",
        ),
    ] {
        let body = json!({
            "name": "n",
            "trigger": {"event_types": ["a.b"], "conditions": conditions},
            "actions": [{"type": "send_webhook", "url": url(200)}],
        });
        let refused = app.post(&automations, &body).await;
        refused.fault(&format!("/trigger/conditions{pointer}"), "invalid_condition");
    }
}

#[tokio::test]
async fn the_automations_of_an_event_are_judged_as_they_are_now() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let path = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    let event = json!({"type": "proposal.accepted", "data": {"total": 300}});
    let event = app.post(&format!("{account}/events"), &event).await.expect(202);
    let verdicts = format!("{account}/events/{}/automations", event["id"].as_str().unwrap());
    let status = async || app.get(&verdicts).await.expect(200)["data"][0]["status"].clone();
    assert_eq!(status().await, "triggered");
    let conditions = json!({"path": "/total", "op": "gte", "value": 1000});
    app.patch(&path, &json!({"trigger": {"conditions": conditions}}))
        .await
        .expect(200);
    assert_eq!(status().await, "held_back");
    app.patch(&path, &json!({"enabled": false})).await.expect(200);
    assert_eq!(status().await, "off");
    app.patch(&path, &json!({"trigger": {"event_types": ["other"]}}))
        .await
        .expect(200);
    assert_eq!(app.get(&verdicts).await.expect(200)["data"], json!([]));
    let missing = format!("{account}/events/evt_01h455vb4pex5vsknk084sn02q/automations");
    app.get(&missing).await.problem(404, "event_not_found");
}

#[tokio::test]
async fn a_preview_judges_recent_events_renders_one_and_saves_nothing() {
    let app = App::start().await;
    let account = app.account().await;
    let mut ids = Vec::new();
    for total in [300, 1000, 5000] {
        let event = json!({"type": "a.b", "data": {"total": total}});
        let event = app.post(&format!("{account}/events"), &event).await.expect(202);
        ids.push(event["id"].clone());
    }
    let automation = json!({
        "name": "n",
        "trigger": {"event_types": ["a.*"], "conditions": {"path": "/total", "op": "gte", "value": 1000}},
        "actions": [
            {"type": "send_webhook", "url": url(200), "body": "template", "template": "{\"t\":{{ data.total // data.by }}}"},
            {"type": "send_webhook", "url": url(200), "body": "data"},
        ],
    });
    let preview = format!("{account}/automations/preview");
    let of = async |member: &str, value: serde_json::Value| {
        let mut body = json!({"automation": automation});
        body[member] = value;
        app.post(&preview, &body).await
    };
    let newest = of("automation", automation.clone()).await.expect(200);
    assert_eq!(
        (&newest["matching"], newest["events"].as_array().unwrap().len()),
        (&json!(2), 3)
    );
    assert_eq!(
        (&newest["events"][2]["id"], &newest["events"][2]["matches"]),
        (&ids[0], &json!(false))
    );
    let explanation = newest["events"][2]["comparisons"][0]["explanation"]
        .as_str()
        .unwrap();
    assert_eq!(explanation, "total is 300, needs at least 1,000");
    assert_eq!(newest["requests"][1]["body"], "{\"total\":5000}");
    let given = of("data", json!({"total": 7, "by": 2})).await.expect(200);
    assert_eq!(given["requests"][0]["body"], "{\"t\":3}");
    assert_eq!(given["requests"][0]["content_type"], "application/json");
    let failing = of("data", json!({"total": 7, "by": 0})).await.expect(200);
    assert_eq!(failing["requests"][0]["body"], json!(null));
    assert!(
        failing["requests"][0]["error"]
            .as_str()
            .unwrap()
            .contains("line 1"),
        "{failing}"
    );
    let first = of("event_id", ids[0].clone()).await.expect(200);
    assert_eq!(first["requests"][1]["body"], "{\"total\":300}");

    of("event_id", json!("evt_01h455vb4pex5vsknk084sn02q"))
        .await
        .fault("/event_id", "unknown_event");
    of("event_id", json!("x"))
        .await
        .fault("/event_id", "invalid_value");
    of("automation_id", json!("auto_01h455vb4pex5vsknk084sn02q"))
        .await
        .fault("/automation_id", "unknown_automation");
    let mut faulty = automation.clone();
    faulty["trigger"]["conditions"]["op"] = json!("about");
    of("automation", faulty)
        .await
        .fault("/automation/trigger/conditions/op", "invalid_condition");
    let listed = app.get(&format!("{account}/automations")).await.expect(200);
    assert_eq!(listed["data"], json!([]));
}
