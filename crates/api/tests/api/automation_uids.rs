//! Automations by the caller's own id: in paths, and put again and again.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::{App, url};
use crate::audit::call;

/// A configuration that a client repeats.
fn configuration(actions: &Value) -> Value {
    json!({
        "name": "Tell the CRM",
        "description": "Sales wants to know at once.",
        "metadata": {"owner": "sales", "n": 1.10},
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": actions,
        "retry_delays_s": [],
    })
}

fn webhook(url: &str) -> Value {
    json!({"type": "send_webhook", "url": url})
}

/// What the audit trail says of the account's automations, oldest first.
async fn changes(app: &App, account: &str) -> Vec<Value> {
    let list = app.get(&format!("{account}/audit?action=automation.*")).await;
    let mut entries = list.expect(200)["data"].as_array().unwrap().clone();
    entries.reverse();
    entries
}

#[tokio::test]
async fn an_automations_uid_works_wherever_its_id_does_in_a_path() {
    let app = App::start().await;
    let account = app.account().await;
    let list = format!("{account}/automations");
    let mut body = configuration(&json!([webhook(&url(200))]));
    body["uid"] = json!("crm:1");
    let made = app.post(&list, &body).await.expect(201);
    assert_eq!(
        (&made["uid"], &made["description"], &made["metadata"]),
        (&body["uid"], &body["description"], &body["metadata"])
    );
    let by_uid = format!("{list}/crm:1");
    assert_eq!(app.get(&by_uid).await.expect(200), made);
    assert_eq!(app.get(&list).await.expect(200)["data"], json!([made]));
    let test = json!({"type": "a.b", "data": 1});
    let sent = app.post(&format!("{by_uid}/test"), &test).await.expect(202);
    assert_eq!(sent["deliveries"], 1);
    let off = app.patch(&by_uid, &json!({"enabled": false})).await.expect(200);
    assert_eq!((&off["id"], &off["enabled"]), (&made["id"], &json!(false)));
    app.get(&format!("{account}/deliveries?automation_id=crm:1"))
        .await
        .problem(400, "invalid_query");
    app.delete(&by_uid).await.expect(204);
    for path in [&by_uid, &format!("{list}/other")] {
        app.get(path).await.problem(404, "automation_not_found");
        app.patch(path, &json!({}))
            .await
            .problem(404, "automation_not_found");
        app.delete(path).await.problem(404, "automation_not_found");
        let test = app.post(&format!("{path}/test"), &json!({})).await;
        test.problem(404, "automation_not_found");
    }
    app.get(&format!("{list}/auto_1"))
        .await
        .problem(400, "invalid_id");
}

#[tokio::test]
async fn a_uid_is_unique_in_its_account() {
    let app = App::start().await;
    let account = app.account().await;
    let list = format!("{account}/automations");
    let with_uid = |uid: &str| {
        let mut body = configuration(&json!([webhook(&url(200))]));
        body["uid"] = json!(uid);
        body
    };
    app.post(&list, &with_uid("crm")).await.expect(201);
    app.post(&list, &with_uid("crm")).await.problem(409, "uid_taken");
    app.post(&list, &with_uid("erp")).await.expect(201);
    app.patch(&format!("{list}/erp"), &json!({"uid": "crm"}))
        .await
        .problem(409, "uid_taken");
    let elsewhere = format!("{}/automations", app.account().await);
    app.post(&elsewhere, &with_uid("crm")).await.expect(201);
    for uid in ["", "a b", "..", "auto_1", "preview"] {
        app.post(&list, &with_uid(uid))
            .await
            .fault("/uid", "invalid_value");
    }
}

#[tokio::test]
async fn a_patch_of_null_drops_uid_description_and_metadata() {
    let app = App::start().await;
    let list = format!("{}/automations", app.account().await);
    let body = configuration(&json!([webhook(&url(200))]));
    app.put(&format!("{list}/crm"), &body).await.expect(201);
    let patch = json!({"metadata": {"n": null, "m": 2}});
    let merged = app.patch(&format!("{list}/crm"), &patch).await;
    assert_eq!(
        merged.expect(200)["metadata"],
        json!({"owner": "sales", "m": 2}),
        "metadata is merged"
    );
    let nothing = json!({"uid": null, "description": null, "metadata": null});
    let dropped = app.patch(&format!("{list}/crm"), &nothing).await.expect(200);
    assert_eq!(
        (&dropped["uid"], &dropped["description"], &dropped["metadata"]),
        (&Value::Null, &json!(""), &json!({}))
    );
    let by_id = format!("{list}/{}", dropped["id"].as_str().unwrap());
    for (member, value, code) in [
        ("metadata", json!([]), "wrong_type"),
        ("metadata", json!({"a": "x".repeat(16 * 1024)}), "too_long"),
        ("description", json!("x".repeat(4_097)), "too_long"),
        ("description", json!("a\u{0}"), "invalid_value"),
    ] {
        let refused = app.patch(&by_id, &json!({ member: value })).await;
        refused.fault(&format!("/{member}"), code);
    }
}

#[tokio::test]
async fn a_configuration_that_is_put_again_changes_and_writes_nothing() {
    let app = App::start().await;
    let account = app.account().await;
    let path = format!("{account}/automations/crm");
    let mut secret = webhook(&format!("{}?token=1", url(201)));
    secret["secret_query"] = json!(true);
    secret["headers"] = json!({"Authorization": "Bearer x"});
    let body = configuration(&json!([webhook(&url(200)), secret, webhook(&url(200))]));
    let created = app.put(&path, &body).await;
    let made = created.expect(201);
    assert_eq!(made["uid"], "crm");
    let by_id = format!("{account}/automations/{}", made["id"].as_str().unwrap());
    assert_eq!(created.headers["location"], by_id.as_str());
    for _ in 0..2 {
        assert_eq!(app.put(&path, &body).await.expect(200), made);
    }
    let mut masked = body.clone();
    masked["uid"] = json!("crm");
    masked["actions"][1] = made["actions"][1].clone();
    masked["actions"][1].as_object_mut().unwrap().remove("id");
    assert!(masked.to_string().contains("••••"));
    assert_eq!(app.put(&path, &masked).await.expect(200), made);
    assert_eq!(app.get(&path).await.expect(200), made);
    let entries = changes(&app, &account).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    let after = &entries[0]["details"]["after"];
    assert_eq!(after["uid"], "crm");
    assert_eq!(after["description"], "Sales wants to know at once.");
    assert_eq!(after["metadata"], body["metadata"].to_string().as_str());
}

#[tokio::test]
async fn put_replaces_everything_and_repeated_actions_keep_their_identity_and_secrets() {
    let app = App::start().await;
    let account = app.account().await;
    let path = format!("{account}/automations/crm");
    let mut first = webhook(&url(200));
    first["headers"] = json!({"Authorization": "Bearer x"});
    let before = configuration(&json!([first, webhook(&url(201)), webhook(&url(202))]));
    let before = app.put(&path, &before).await.expect(201);
    let id = |automation: &Value, index: usize| automation["actions"][index]["id"].clone();

    // In another order, one left out, one new, and the secret of the first one not sent again.
    let mut first = webhook(&url(200));
    first["headers"] = json!({"Authorization": "••••"});
    first["timeout_s"] = json!(7);
    let body = json!({
        "name": "Renamed", "trigger": {"event_types": ["*"]},
        "actions": [webhook(&url(202)), webhook(&url(204)), first],
    });
    let after = app.put(&path, &body).await.expect(200);
    assert_eq!((&after["id"], &after["uid"]), (&before["id"], &before["uid"]));
    assert_eq!(
        (
            &after["description"],
            &after["metadata"],
            &after["retry_delays_s"]
        ),
        (&json!(""), &json!({}), &Value::Null),
        "what is left out has its default"
    );
    assert_eq!(id(&after, 0), id(&before, 2));
    assert_eq!(id(&after, 2), id(&before, 0));
    assert_eq!(after["actions"][2]["timeout_s"], 7);
    assert!(!before.to_string().contains(id(&after, 1).as_str().unwrap()));

    // A secret goes to no other receiver: the action of another URL is a new one.
    let mut elsewhere = body.clone();
    elsewhere["actions"][2]["url"] = json!("https://elsewhere.example/");
    app.put(&path, &elsewhere)
        .await
        .fault("/actions/2/headers/Authorization", "value_required");
    assert_eq!(app.get(&path).await.expect(200), after);
}

#[tokio::test]
async fn put_takes_a_uid_and_no_id_and_the_body_names_no_other() {
    let app = App::start().await;
    let account = app.account().await;
    let made = app.automation(&account, 200).await;
    let list = format!("{account}/automations");
    let body = configuration(&json!([webhook(&url(200))]));
    for uid in [made["id"].as_str().unwrap(), "auto_1", "a%20b"] {
        app.put(&format!("{list}/{uid}"), &body)
            .await
            .problem(400, "invalid_id");
    }
    // The path of previews, for which no automation can be mistaken.
    app.put(&format!("{list}/preview"), &body)
        .await
        .problem(405, "method_not_allowed");
    let mut other = body.clone();
    other["uid"] = json!("other");
    app.put(&format!("{list}/crm"), &other)
        .await
        .fault("/uid", "invalid_value");
    app.put(&format!("{list}/crm"), &json!({"name": "n"}))
        .await
        .problem(422, "invalid_body");
    app.get(&format!("{list}/crm"))
        .await
        .problem(404, "automation_not_found");
}

#[tokio::test]
async fn an_action_that_a_410_switched_off_stays_off_when_its_configuration_is_repeated() {
    let app = App::start().await;
    let account = app.account().await;
    let path = format!("{account}/automations/crm");
    let body = configuration(&json!([webhook(&url(410))]));
    app.put(&path, &body).await.expect(201);
    let event = json!({"type": "proposal.accepted", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let off = app
        .until(&path, |it| it["actions"][0]["disabled_reason"] == "gone")
        .await;
    assert_eq!(app.put(&path, &body).await.expect(200), off);
    let mut named = body.clone();
    named["actions"][0]["id"] = off["actions"][0]["id"].clone();
    let on = app.put(&path, &named).await.expect(200);
    assert_eq!(on["actions"][0]["enabled"], true);
    assert_eq!(on["actions"][0]["disabled_reason"], Value::Null);
}

#[tokio::test]
async fn of_many_that_put_the_same_configuration_at_once_one_creates_it() {
    let app = Arc::new(App::start().await);
    let account = app.account().await;
    let path = format!("{account}/automations/crm");
    let body = configuration(&json!([webhook(&url(200))]));
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (app, path, body) = (Arc::clone(&app), path.clone(), body.clone());
        racers.spawn(async move { app.put(&path, &body).await });
    }
    let responses = racers.join_all().await;
    let made = app.get(&path).await.expect(200);
    let mut created = 0;
    for response in &responses {
        created += usize::from(response.status == 201);
        assert!(
            matches!(response.status.as_u16(), 200 | 201),
            "{}",
            response.json()
        );
        assert_eq!(response.json(), made);
    }
    assert_eq!(created, 1);
    assert_eq!(changes(&app, &account).await.len(), 1);
}

#[tokio::test]
async fn a_customer_sees_uid_description_and_metadata_of_its_automations() {
    let app = App::start().await;
    let account = app.account().await;
    let path = format!("{account}/automations/crm");
    let body = configuration(&json!([webhook(&url(200))]));
    let made = app.put(&path, &body).await.expect(201);
    let own = account.rsplit('/').next().unwrap();
    let key = json!({"name": "Customer", "permissions": ["read", "manage"], "account": own});
    let key = app.post("/v1/api-keys", &key).await.expect(201);
    let key = key["key"].as_str().unwrap();
    let seen = call(&app, key, "GET", &path, None).await.expect(200);
    assert_eq!(seen, made);
    let trail = format!("{account}/audit?action=automation.*");
    let seen = call(&app, key, "GET", &trail, None).await.expect(200);
    let after = &seen["data"][0]["details"]["after"];
    assert_eq!(after["uid"], "crm");
    assert!(after["metadata"].as_str().unwrap().contains("sales"));
}
