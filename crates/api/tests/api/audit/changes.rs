//! Each changing operation of the document leaves its entry, without a secret: a new one is here by itself.

use postrider_model::By;
use serde_json::{Value, json};

use super::{CANARY, automation, call, trail};
use crate::app::{App, KEY, url};

/// How to call an operation so that it changes something, and the entry that it then leaves.
struct Recipe {
    path: String,
    body: Option<Value>,
    action: &'static str,
    /// The target's id, where the test knows it before.
    target: Option<String>,
}

fn recipe(path: &str, body: Option<Value>, action: &'static str, target: Option<&Value>) -> Recipe {
    Recipe {
        path: path.to_owned(),
        body,
        action,
        target: target.map(|id| id.as_str().unwrap().to_owned()),
    }
}

/// A delivery of the account that failed.
async fn failed(app: &App, account: &str) -> Value {
    app.automation(account, 500).await;
    let event = json!({"type": "proposal.accepted", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let list = format!("{account}/deliveries?status=failed");
    let page = app.until(&list, |page| page["data"][0].is_object()).await;
    page["data"][0]["id"].clone()
}

/// Makes the account have a delivery that waits for a retry.
async fn waiting(app: &App, account: &str) {
    let automation = app.automation(account, 500).await;
    let path = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    app.patch(&path, &json!({"retry_delays_s": [3600]}))
        .await
        .expect(200);
    let event = json!({"type": "proposal.accepted", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let list = format!("{account}/deliveries?status=pending");
    app.until(&list, |page| page["data"][0]["attempt_count"] == 1)
        .await;
}

/// The recipe of an operation, in an account of its own; `None` for those that change nothing.
async fn recipe_of(app: &App, method: &str, path: &str, account: &str) -> Option<Recipe> {
    let route = path.strip_prefix("/v1").unwrap_or(path);
    match (method, route) {
        // An event is its own record.
        ("POST", "/accounts/{account}/events" | "/accounts/{account}/events/batch") => None,
        // It saves nothing.
        ("POST", "/accounts/{account}/automations/preview") => None,
        // The attempt is its record.
        ("POST", "/accounts/{account}/automations/{id}/listen/{request}") => None,
        ("GET", "/accounts/{account}/signing-keys") => {
            let path = format!("{account}/signing-keys");
            Some(recipe(&path, None, "signing_key.revealed", None))
        }
        ("GET", route) if route.ends_with("/{action}/signing-keys") => {
            let (keys, action) = own_keys(app, account).await;
            Some(recipe(&keys, None, "signing_key.revealed", Some(&action)))
        }
        ("GET", _) => None,
        (_, route) if route.contains("/automations") => {
            Some(of_automations(app, method, route, account).await)
        }
        (_, route) if route.contains("/connections") => Some(of_connections(app, method, account).await),
        (_, route) if route.contains("/deliveries") => Some(of_deliveries(app, route, account).await),
        (_, route) if route.contains("/sessions") => Some(of_sessions(app, route, account).await),
        (_, route) if route.contains("-keys") || route.contains("-links") => {
            Some(of_keys_and_links(app, method, route, account).await)
        }
        _ => Some(of_others(app, method, route, account).await),
    }
}

fn unknown(method: &str, route: &str) -> ! {
    panic!("say here what {method} {route} leaves in the audit trail")
}

async fn of_automations(app: &App, method: &str, route: &str, account: &str) -> Recipe {
    let list = format!("{account}/automations");
    if route.ends_with("/{action}/signing-keys/rotate") {
        let (keys, _) = own_keys(app, account).await;
        let body = json!({"secret": format!("whsec_{CANARY}")});
        return recipe(&format!("{keys}/rotate"), Some(body), "signing_key.rotated", None);
    }
    if (method, route) == ("POST", "/accounts/{account}/automations") {
        return recipe(&list, Some(automation()), "automation.created", None);
    }
    let made = app.post(&list, &automation()).await.expect(201)["id"].clone();
    let path = format!("{list}/{}", made.as_str().unwrap());
    match (method, route) {
        ("PATCH", "/accounts/{account}/automations/{id}") => {
            let headers = json!({"X-Token": format!("{CANARY}2")});
            let url = format!("{}?token={CANARY}", url(201));
            let action =
                json!({"type": "send_webhook", "url": url, "secret_query": true, "headers": headers});
            recipe(
                &path,
                Some(json!({"actions": [action]})),
                "automation.updated",
                Some(&made),
            )
        }
        ("PUT", "/accounts/{account}/automations/{id}") => recipe(
            &format!("{list}/repeated"),
            Some(automation()),
            "automation.created",
            None,
        ),
        ("DELETE", "/accounts/{account}/automations/{id}") => {
            recipe(&path, None, "automation.deleted", Some(&made))
        }
        ("POST", "/accounts/{account}/automations/{id}/send-missed") => {
            let body = json!({"after": "2000-01-01T00:00:00Z"});
            app.patch(&path, &json!({"enabled": false})).await.expect(200);
            let event = json!({"type": "order.paid", "data": {}});
            app.post(&format!("{account}/events"), &event).await.expect(202);
            app.patch(&path, &json!({"enabled": true})).await.expect(200);
            let path = format!("{path}/send-missed");
            recipe(&path, Some(body), "automation.missed_sent", Some(&made))
        }
        ("POST", "/accounts/{account}/automations/{id}/test") => {
            recipe(&format!("{path}/test"), None, "automation.tested", Some(&made))
        }
        _ => unknown(method, route),
    }
}

async fn of_connections(app: &App, method: &str, account: &str) -> Recipe {
    let list = format!("{account}/connections");
    let body = json!({"name": "CRM", "type": "bearer", "token": CANARY});
    if method == "POST" {
        return recipe(&list, Some(body), "connection.created", None);
    }
    let made = app.post(&list, &body).await.expect(201)["id"].clone();
    let path = format!("{list}/{}", made.as_str().unwrap());
    let patch = json!({"token": format!("{CANARY}2")});
    match method {
        "PATCH" => recipe(&path, Some(patch), "connection.updated", Some(&made)),
        "DELETE" => recipe(&path, None, "connection.deleted", Some(&made)),
        method => unknown(method, "/connections"),
    }
}

/// The path of the keys of an action that has its own, and the action's id.
async fn own_keys(app: &App, account: &str) -> (String, Value) {
    let action = json!({"type": "send_webhook", "url": url(201), "signing_key": "own_hmac"});
    let body = json!({"name": "Own", "trigger": {"event_types": ["*"]}, "actions": [action]});
    let list = format!("{account}/automations");
    let made = app.post(&list, &body).await.expect(201);
    let action = made["actions"][0]["id"].clone();
    let path = format!("{list}/{}/actions", made["id"].as_str().unwrap());
    (
        format!("{path}/{}/signing-keys", action.as_str().unwrap()),
        action,
    )
}

async fn of_deliveries(app: &App, route: &str, account: &str) -> Recipe {
    if route == "/accounts/{account}/deliveries/cancel" {
        waiting(app, account).await;
        let body = json!({"status": "pending"});
        let path = format!("{account}/deliveries/cancel");
        return recipe(&path, Some(body), "deliveries.canceled", None);
    }
    let failed = failed(app, account).await;
    match route {
        "/accounts/{account}/deliveries/{id}/resend" => {
            let path = format!("{account}/deliveries/{}/resend", failed.as_str().unwrap());
            recipe(&path, None, "delivery.resent", Some(&failed))
        }
        "/accounts/{account}/deliveries/replay" => {
            let body = json!({"status": "failed"});
            recipe(
                &format!("{account}/deliveries/replay"),
                Some(body),
                "deliveries.replayed",
                None,
            )
        }
        route => unknown("POST", route),
    }
}

async fn of_sessions(app: &App, route: &str, account: &str) -> Recipe {
    let list = match route {
        "/sessions" | "/sessions/{id}" => {
            app.access.sign_in(&By::NODE, KEY).await.unwrap();
            "/v1/sessions".to_owned()
        }
        "/accounts/{account}/sessions" | "/accounts/{account}/sessions/{id}" => {
            let made = portal_link(app, account).await;
            let token = made["url"].as_str().unwrap().rsplit('/').next().unwrap();
            app.access.open_link(&By::NODE, token).await.unwrap();
            format!("{account}/sessions")
        }
        route => unknown("DELETE", route),
    };
    if !route.ends_with("{id}") {
        return recipe(&list, None, "sessions.ended", None);
    }
    let session = app.get(&list).await.expect(200)["data"][0]["id"].clone();
    let path = format!("{list}/{}", session.as_str().unwrap());
    recipe(&path, None, "session.ended", Some(&session))
}

async fn portal_link(app: &App, account: &str) -> Value {
    let path = format!("{account}/portal-links");
    call(app, KEY, "POST", &path, Some(&json!({}))).await.expect(201)
}

async fn of_keys_and_links(app: &App, method: &str, route: &str, account: &str) -> Recipe {
    let api_key = json!({"name": "Key", "permissions": ["read"]});
    match (method, route) {
        ("POST", "/accounts/{account}/signing-keys/rotate") => {
            let body = json!({"secret": format!("whsec_{CANARY}")});
            recipe(
                &format!("{account}/signing-keys/rotate"),
                Some(body),
                "signing_key.rotated",
                None,
            )
        }
        ("POST", "/api-keys") => recipe("/v1/api-keys", Some(api_key), "api_key.created", None),
        ("DELETE", "/api-keys/{id}") => {
            let made = app.post("/v1/api-keys", &api_key).await.expect(201)["id"].clone();
            let path = format!("/v1/api-keys/{}", made.as_str().unwrap());
            recipe(&path, None, "api_key.deleted", Some(&made))
        }
        ("POST", "/accounts/{account}/portal-links") => recipe(
            &format!("{account}/portal-links"),
            Some(json!({})),
            "portal_link.created",
            None,
        ),
        ("DELETE", "/accounts/{account}/portal-links/{id}") => {
            let made = portal_link(app, account).await["id"].clone();
            let path = format!("{account}/portal-links/{}", made.as_str().unwrap());
            recipe(&path, None, "portal_link.revoked", Some(&made))
        }
        _ => unknown(method, route),
    }
}

async fn of_others(app: &App, method: &str, route: &str, account: &str) -> Recipe {
    let account_id = json!(account.rsplit('/').next().unwrap());
    match (method, route) {
        ("POST", "/accounts") => recipe(
            "/v1/accounts",
            Some(json!({"name": "B"})),
            "account.created",
            None,
        ),
        ("PATCH", "/accounts/{account}") => {
            let body = json!({"metadata": {"plan": "pro"}});
            recipe(account, Some(body), "account.updated", Some(&account_id))
        }
        ("DELETE", "/accounts/{account}") => recipe(account, None, "account.deleted", Some(&account_id)),
        ("PUT", "/event-types/{name}") => {
            let body = json!({"description": "Described"});
            recipe(
                "/v1/event-types/a.b",
                Some(body),
                "event_type.created",
                Some(&json!("a.b")),
            )
        }
        ("DELETE", "/event-types/{name}") => {
            app.put("/v1/event-types/c.d", &json!({})).await.expect(201);
            recipe(
                "/v1/event-types/c.d",
                None,
                "event_type.deleted",
                Some(&json!("c.d")),
            )
        }
        ("DELETE", "/accounts/{account}/events/{id}") => {
            let event = json!({"type": "proposal.accepted", "data": {}});
            let events = format!("{account}/events");
            let id = app.post(&events, &event).await.expect(202)["id"].clone();
            let path = format!("{events}/{}", id.as_str().unwrap());
            recipe(&path, None, "event.canceled", Some(&id))
        }
        ("POST", "/master-key/rotate") => recipe("/v1/master-key/rotate", None, "master_key.rotated", None),
        _ => unknown(method, route),
    }
}

#[tokio::test]
async fn every_changing_operation_leaves_one_entry_that_says_who_did_what_where() {
    let app = App::start().await;
    let document = app.get("/v1/openapi.json").await.expect(200);
    let keys = app.get("/v1/api-keys").await.expect(200);
    let own_key = &keys["data"][0]["id"];
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let account = app.account().await;
            let Some(recipe) = recipe_of(&app, &method, path, &account).await else {
                continue;
            };
            let before = trail(&app).await.len();
            let response = call(&app, KEY, &method, &recipe.path, recipe.body.as_ref()).await;
            assert!(
                response.status.is_success(),
                "{method} {path}: {:?}",
                response.bytes
            );
            let after = trail(&app).await;
            assert_eq!(after.len(), before + 1, "{method} {path}");
            let entry = &after[0];
            let of_account = path.contains("{account}").then_some(&account);
            assert_eq!(entry.action.as_str(), recipe.action, "{method} {path}");
            assert_eq!(entry.actor.id.as_deref(), own_key.as_str(), "{method} {path}");
            assert_eq!(entry.actor.name.as_deref(), Some("POSTRIDER_ADMIN_KEY"));
            assert_eq!(entry.client.unwrap().to_string(), "192.0.2.7", "{method} {path}");
            assert_eq!(entry.request_id.as_deref(), Some("request-7"), "{method} {path}");
            if let Some(account) = of_account {
                let id = entry.account.unwrap().to_string();
                assert!(account.ends_with(&id), "{method} {path}");
            }
            if let Some(target) = recipe.target {
                assert_eq!(entry.target.id, Some(target), "{method} {path}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
    let all = format!("{:?}", trail(&app).await);
    assert!(!all.contains(CANARY), "a secret is in the trail");
    assert!(all.contains("••••"));
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_entry() {
    let app = App::start().await;
    let account = app.account().await;
    failed(&app, &account).await;
    let before = trail(&app).await.len();
    let body = json!({"status": "failed", "dry_run": true});
    for verb in ["replay", "cancel"] {
        app.post(&format!("{account}/deliveries/{verb}"), &body)
            .await
            .expect(202);
    }
    let event = json!({"type": "proposal.accepted", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    app.post("/v1/accounts", &json!({"name": ""}))
        .await
        .problem(422, "invalid_body");
    app.delete("/v1/event-types/never.was")
        .await
        .problem(404, "event_type_not_found");
    assert_eq!(trail(&app).await.len(), before);
}
