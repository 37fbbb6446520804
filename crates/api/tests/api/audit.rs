//! The audit trail: each changing operation leaves its entry, without a secret, and each reader sees only what
//! concerns it.

use axum::body::Body;
use http::Request;
use postrider_model::{AuditEntry, Scope};
use postrider_storage::{AuditFilter, PageRequest};
use postrider_storage_sqlite::DATABASE_FILE;
use postrider_web::client::Client;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App, KEY, url};

/// The secret that a header and a signing key hold, and the one of a key that does not exist.
const CANARY: &str = "Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ";

async fn trail(app: &App) -> Vec<AuditEntry> {
    let page = PageRequest {
        limit: 250,
        after: None,
    };
    let page = app
        .access
        .audit(Scope::All, AuditFilter::default(), page)
        .await
        .unwrap();
    page.items
}

/// A call from a client with an address and a request id.
async fn call(app: &App, key: &str, method: &str, path: &str, body: Option<&Value>) -> ApiResponse {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .extension(Client::direct("192.0.2.7".parse().unwrap()))
        .header("host", "a.example")
        .header("x-request-id", "request-7")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    let body = body.map_or_else(String::new, Value::to_string);
    app.send(request.body(Body::from(body)).unwrap()).await
}

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

fn automation() -> Value {
    json!({
        "name": "Orders",
        "trigger": {"event_types": ["order.*"]},
        "actions": [{"type": "send_webhook", "url": url(200), "headers": {"X-Token": CANARY}}],
    })
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

/// The recipe of an operation, in an account of its own; `None` for those that change nothing.
async fn recipe_of(app: &App, method: &str, path: &str, account: &str) -> Option<Recipe> {
    let at = |rest: &str| format!("{account}{rest}");
    let id = |value: &Value| value["id"].clone();
    let account_id = json!(account.rsplit('/').next().unwrap());
    Some(match (method, path.strip_prefix("/v1").unwrap_or(path)) {
        // An event is its own record.
        ("POST", "/accounts/{account}/events" | "/accounts/{account}/events/batch") => return None,
        ("GET", "/accounts/{account}/signing-keys") => {
            recipe(&at("/signing-keys"), None, "signing_key.revealed", None)
        }
        ("GET", _) => return None,
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
        ("POST", "/accounts/{account}/signing-keys/rotate") => {
            let body = json!({"secret": format!("whsec_{CANARY}")});
            recipe(
                &at("/signing-keys/rotate"),
                Some(body),
                "signing_key.rotated",
                None,
            )
        }
        ("POST", "/accounts/{account}/automations") => recipe(
            &at("/automations"),
            Some(automation()),
            "automation.created",
            None,
        ),
        (_, "/accounts/{account}/automations/{id}") => {
            let made = id(&app.post(&at("/automations"), &automation()).await.expect(201));
            let path = at(&format!("/automations/{}", made.as_str().unwrap()));
            match method {
                "PATCH" => {
                    let body = json!({"actions": [
                        {"type": "send_webhook", "url": url(201), "headers": {"X-Token": format!("{CANARY}2")}},
                    ]});
                    recipe(&path, Some(body), "automation.updated", Some(&made))
                }
                _ => recipe(&path, None, "automation.deleted", Some(&made)),
            }
        }
        ("POST", "/accounts/{account}/automations/{id}/test") => {
            let made = id(&app.post(&at("/automations"), &automation()).await.expect(201));
            let path = at(&format!("/automations/{}/test", made.as_str().unwrap()));
            recipe(&path, None, "automation.tested", Some(&made))
        }
        ("POST", "/accounts/{account}/deliveries/{id}/resend") => {
            let failed = failed(app, account).await;
            let path = at(&format!("/deliveries/{}/resend", failed.as_str().unwrap()));
            recipe(&path, None, "delivery.resent", Some(&failed))
        }
        ("POST", "/accounts/{account}/deliveries/replay") => {
            failed(app, account).await;
            let body = json!({"status": "failed"});
            recipe(&at("/deliveries/replay"), Some(body), "deliveries.replayed", None)
        }
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
        ("POST", "/api-keys") => {
            let body = json!({"name": "Key", "permissions": ["read"]});
            recipe("/v1/api-keys", Some(body), "api_key.created", None)
        }
        ("DELETE", "/api-keys/{id}") => {
            let body = json!({"name": "Key", "permissions": ["read"]});
            let made = id(&app.post("/v1/api-keys", &body).await.expect(201));
            let path = format!("/v1/api-keys/{}", made.as_str().unwrap());
            recipe(&path, None, "api_key.deleted", Some(&made))
        }
        ("POST", "/accounts/{account}/portal-links") => {
            recipe(&at("/portal-links"), Some(json!({})), "portal_link.created", None)
        }
        ("DELETE", "/accounts/{account}/portal-links/{id}") => {
            let made = call(app, KEY, "POST", &at("/portal-links"), Some(&json!({})))
                .await
                .expect(201);
            let path = at(&format!("/portal-links/{}", made["id"].as_str().unwrap()));
            recipe(&path, None, "portal_link.revoked", Some(&made["id"]))
        }
        ("DELETE", "/accounts/{account}/sessions" | "/accounts/{account}/sessions/{id}") => {
            let made = call(app, KEY, "POST", &at("/portal-links"), Some(&json!({})))
                .await
                .expect(201);
            let token = made["url"].as_str().unwrap().rsplit('/').next().unwrap();
            app.access
                .open_link(&postrider_model::By::NODE, token)
                .await
                .unwrap();
            session_recipe(app, path, &at("/sessions")).await
        }
        ("DELETE", "/sessions" | "/sessions/{id}") => {
            app.access.sign_in(&postrider_model::By::NODE, KEY).await.unwrap();
            session_recipe(app, path, "/v1/sessions").await
        }
        ("POST", "/master-key/rotate") => recipe("/v1/master-key/rotate", None, "master_key.rotated", None),
        (method, path) => panic!("say here what {method} {path} leaves in the audit trail"),
    })
}

async fn session_recipe(app: &App, path: &str, list: &str) -> Recipe {
    if path.ends_with("{id}") {
        let sessions = app.get(list).await.expect(200);
        let session = &sessions["data"][0]["id"];
        let path = format!("{list}/{}", session.as_str().unwrap());
        recipe(&path, None, "session.ended", Some(session))
    } else {
        recipe(list, None, "sessions.ended", None)
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
    app.post(&format!("{account}/deliveries/replay"), &body)
        .await
        .expect(202);
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

#[tokio::test]
async fn an_update_shows_before_and_after_and_a_secret_only_that_it_changed() {
    let app = App::start().await;
    let account = app.account().await;
    let made = app
        .post(&format!("{account}/automations"), &automation())
        .await
        .expect(201);
    let path = format!("{account}/automations/{}", made["id"].as_str().unwrap());
    let action = made["actions"][0]["id"].as_str().unwrap();
    let headers = json!({"X-Token": "another secret"});
    let body = json!({"name": "Bills", "actions": [
        {"id": action, "type": "send_webhook", "url": url(200), "headers": headers},
    ]});
    app.patch(&path, &body).await.expect(200);
    let list = app
        .get(&format!("{account}/audit?action=automation.updated"))
        .await
        .expect(200);
    let of_action = |token| json!({ action: {"headers": {"X-Token": token}} });
    assert_eq!(
        list["data"][0]["details"],
        json!({
            "before": {"name": "Orders", "actions": of_action("••••")},
            "after": {"name": "Bills", "actions": of_action("••••")},
        })
    );
    assert_eq!(
        list["data"][0]["target"],
        json!({"kind": "automation", "id": made["id"], "name": "Bills"})
    );
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_customer_sees_its_own_account_and_not_which_member_of_the_staff_it_was() {
    let app = App::start().await;
    let account = app.account().await;
    let own = account.rsplit('/').next().unwrap();
    let other = app.account().await;
    let body = json!({"name": "Customer", "permissions": ["manage"], "account": own});
    let customer = app.post("/v1/api-keys", &body).await.expect(201);
    let key = customer["key"].as_str().unwrap();
    let rotate = format!("{account}/signing-keys/rotate");
    call(&app, KEY, "POST", &rotate, None).await.expect(201);
    call(&app, key, "POST", &rotate, None).await.expect(201);
    let list = call(&app, key, "GET", &format!("{account}/audit"), None)
        .await
        .expect(200);
    let entries = list["data"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["account_id"] == own));
    let staff = json!({"kind": "staff", "id": null, "name": null});
    assert_eq!(entries[0]["actor"]["name"], "Customer");
    assert_eq!(entries[0]["client"], "192.0.2.7");
    assert_eq!(entries[1]["actor"], staff);
    assert_eq!(
        (&entries[1]["client"], &entries[1]["request_id"]),
        (&Value::Null, &Value::Null)
    );
    let text = list.to_string();
    assert!(!text.contains("POSTRIDER_ADMIN_KEY"), "{text}");
    // Asking for the id of a member of the staff does not tell either.
    let keys = app.get("/v1/api-keys").await.expect(200);
    let keys = keys["data"].as_array().unwrap();
    let admin = keys
        .iter()
        .find(|key| key["name"] == "POSTRIDER_ADMIN_KEY")
        .unwrap();
    let admin = admin["id"].as_str().unwrap();
    let filtered = call(&app, key, "GET", &format!("{account}/audit?actor={admin}"), None).await;
    assert_eq!(filtered.expect(200)["data"], json!([]));
    let of_staff = app
        .get(&format!("{account}/audit?actor={admin}"))
        .await
        .expect(200);
    assert!(!of_staff["data"].as_array().unwrap().is_empty());
    call(&app, key, "GET", &format!("{other}/audit"), None)
        .await
        .problem(404, "account_not_found");
    call(&app, key, "GET", "/v1/audit", None)
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn a_secret_that_cannot_be_noted_is_not_shown() {
    let app = App::start().await;
    let account = app.account().await;
    let path = format!("{account}/signing-keys");
    assert!(app.get(&path).await.expect(200).to_string().contains("whsec_"));
    let broken = rusqlite::Connection::open(app.folder().join(DATABASE_FILE)).unwrap();
    broken.execute_batch("DROP TABLE audit").unwrap();
    let refused = app.get(&path).await;
    refused.problem(500, "internal_error");
    assert!(!refused.json().to_string().contains("whsec_"));
    app.patch(&account, &json!({"name": "B"}))
        .await
        .problem(500, "internal_error");
    assert_eq!(
        app.get(&account).await.expect(200)["name"],
        "Acme",
        "nor is a change made"
    );
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let app = App::start().await;
    for _ in 0..3 {
        app.account().await;
    }
    let first = app.get("/v1/audit?action=account.*&limit=2").await.expect(200);
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = app
        .get(&format!("/v1/audit?action=account.*&limit=2&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(next["data"].as_array().unwrap().len(), 1);
    assert_eq!(next["next_cursor"], Value::Null);
    let at = first["data"][0]["at"].as_str().unwrap();
    let earlier = app
        .get(&format!("/v1/audit?action=account.created&before={at}"))
        .await
        .expect(200);
    assert!(earlier["data"].as_array().unwrap().len() < 3);
    for bad in ["action=flown", "actor=", "target=%00", "after=yesterday"] {
        app.get(&format!("/v1/audit?{bad}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn refusals_are_noted_with_their_reason_and_without_the_key() {
    let app = App::start().await;
    let account = app.account().await;
    let other = app.account().await;
    let own = account.rsplit('/').next().unwrap();
    let body = json!({"name": "Customer", "permissions": ["read"], "account": own});
    let customer = app.post("/v1/api-keys", &body).await.expect(201);
    let key = customer["key"].as_str().unwrap();
    let unknown = format!("prk_{}", "z".repeat(43));
    call(&app, &unknown, "GET", "/v1/accounts", None)
        .await
        .problem(401, "unauthorized");
    call(&app, CANARY, "GET", "/v1/accounts", None)
        .await
        .problem(401, "unauthorized");
    call(&app, key, "DELETE", &account, None)
        .await
        .problem(403, "permission_denied");
    call(&app, key, "GET", &format!("{other}/automations"), None)
        .await
        .problem(404, "account_not_found");
    app.access.write_refusals().await;
    let list = app.get("/v1/audit?action=request.refused").await.expect(200);
    let seen: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let details = &entry["details"];
            let texts =
                ["reason", "method", "route", "key"].map(|name| details[name].as_str().unwrap_or("-"));
            (
                texts.join(" "),
                entry["actor"]["name"].as_str().unwrap_or("-").to_owned(),
            )
        })
        .collect();
    let entry = |text: &str, who: &str| (text.to_owned(), who.to_owned());
    assert_eq!(
        seen,
        [
            entry("not_found GET /v1/accounts/{account}/automations -", "Customer"),
            entry("permission_denied DELETE /v1/accounts/{account} -", "Customer"),
            entry("unauthorized GET /v1/accounts -", "-"),
            entry("unauthorized GET /v1/accounts prk_zzzz", "-"),
        ]
    );
    let text = list.to_string();
    assert!(!text.contains(CANARY) && !text.contains(key));
    let own = call(
        &app,
        KEY,
        "GET",
        &format!("{account}/audit?action=request.*"),
        None,
    )
    .await
    .expect(200);
    assert_eq!(
        own["data"].as_array().unwrap().len(),
        2,
        "what the customer's key was refused"
    );
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_a_bounded_number_of_entries() {
    let app = App::start().await;
    let refused = async |client: &str| {
        let request = Request::builder()
            .uri("/v1/accounts")
            .extension(Client::direct(client.parse().unwrap()));
        let response = app.send(request.body(Body::empty()).unwrap()).await;
        response.problem(401, "unauthorized");
    };
    for _ in 0..300 {
        refused("192.0.2.1").await;
    }
    // A subscriber with a whole /64 is one client.
    for n in 0..300 {
        refused(&format!("2001:db8::{n:x}")).await;
    }
    refused("192.0.2.2").await;
    app.access.write_refusals().await;
    let entries = trail(&app).await;
    let refusals = entries
        .iter()
        .filter(|entry| entry.action.as_str() == "request.refused");
    assert_eq!(refusals.count(), 21);
    let newest = entries[0].details.as_deref().unwrap();
    assert!(newest.contains(r#""refused_since":290"#), "{newest}");
    let entries: Vec<_> = (0..100).map(|n| format!("198.51.100.{n}")).collect();
    for client in &entries {
        refused(client).await;
    }
    app.access.write_refusals().await;
    assert!(
        trail(&app).await.len() <= 60 + 1,
        "the trail is full for this minute"
    );
}

#[tokio::test]
async fn an_update_costs_one_commit_with_its_entry() {
    let app = App::start().await;
    let account = app.account().await;
    let made = app
        .post(&format!("{account}/automations"), &automation())
        .await
        .expect(201);
    let path = format!("{account}/automations/{}", made["id"].as_str().unwrap());
    let mut least = u64::MAX;
    for n in 0..5 {
        let before = app.store.write_counts().transactions;
        let name = format!("Bills {n}");
        app.patch(&path, &json!({ "name": name })).await.expect(200);
        // Statistics may be written meanwhile.
        least = least.min(app.store.write_counts().transactions - before);
    }
    assert_eq!(least, 1);
}
