//! The audit trail: who sees which entries, and what they say. `changes`: each changing operation leaves its
//! entry; `refusals`: refused requests, bounded.

mod changes;
mod refusals;

use axum::body::Body;
use http::Request;
use postrider_model::{AuditEntry, By, Scope};
use postrider_storage::{AuditFilter, PageRequest};
use postrider_storage_sqlite::DATABASE_FILE;
use postrider_web::client::Client;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App, KEY, url};

/// The secret that a header and a signing key hold, and the one of a key that does not exist.
pub const CANARY: &str = "Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ";

pub async fn trail(app: &App) -> Vec<AuditEntry> {
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

/// An automation whose header holds the secret.
pub fn automation() -> Value {
    json!({
        "name": "Orders",
        "trigger": {"event_types": ["order.*"]},
        "actions": [{"type": "send_webhook", "url": url(200), "headers": {"X-Token": CANARY}}],
    })
}

/// A call from a client with an address and a request id.
pub async fn call(app: &App, key: &str, method: &str, path: &str, body: Option<&Value>) -> ApiResponse {
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
async fn a_query_that_becomes_a_secret_is_masked_before_and_after() {
    let app = App::start().await;
    let account = app.account().await;
    let hook = |token: &str| format!("{}?token={token}", url(200));
    let action = |token: &str, secret: bool| json!({"type": "send_webhook", "url": hook(token), "secret_query": secret});
    let plain = json!({
        "name": "Orders",
        "trigger": {"event_types": ["order.*"]},
        "actions": [action("first", false)],
    });
    let made = app
        .post(&format!("{account}/automations"), &plain)
        .await
        .expect(201);
    let path = format!("{account}/automations/{}", made["id"].as_str().unwrap());
    for token in ["first", "second"] {
        let mut secret = action(token, true);
        secret["id"] = made["actions"][0]["id"].clone();
        app.patch(&path, &json!({"actions": [secret]})).await.expect(200);
    }
    let list = app
        .get(&format!("{account}/audit?action=automation.updated"))
        .await
        .expect(200);
    let text = list.to_string();
    assert!(!text.contains("first") && !text.contains("second"), "{text}");
    let id = made["actions"][0]["id"].as_str().unwrap();
    let changed = |entry: usize, side: &str| list["data"][entry]["details"][side]["actions"][id].clone();
    assert_eq!(changed(1, "before"), json!({"secret_query": false}));
    assert_eq!(changed(0, "before"), json!({"query": "••••"}));
    assert_eq!(changed(0, "after"), json!({"query": "••••"}));
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
    let links = format!("{account}/portal-links");
    let link = call(&app, KEY, "POST", &links, Some(&json!({})))
        .await
        .expect(201);
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap();
    app.access.open_link(&By::NODE, token).await.unwrap();
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
    assert!(!text.contains(admin), "{text}");
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
async fn a_customer_sees_of_its_account_what_the_console_shows_and_no_metadata() {
    let app = App::start().await;
    let body = json!({"name": "Acme", "uid": "uid-canary", "metadata": {"note": CANARY}});
    let made = app.post("/v1/accounts", &body).await.expect(201);
    let account = format!("/v1/accounts/{}", made["id"].as_str().unwrap());
    let body = json!({"metadata": {"note": format!("{CANARY} again")}});
    app.patch(&account, &body).await.expect(200);
    let body = json!({"name": "Bolt", "metadata": {"note": CANARY}, "uid": null});
    app.patch(&account, &body).await.expect(200);
    let body = json!({"name": "Customer", "permissions": ["manage"], "account": made["id"]});
    let customer = app.post("/v1/api-keys", &body).await.expect(201);
    let key = customer["key"].as_str().unwrap();
    let path = format!("{account}/audit?action=account.*");
    let own = call(&app, key, "GET", &path, None).await.expect(200);
    let text = own.to_string();
    assert!(!text.contains(CANARY) && !text.contains("uid-canary"), "{text}");
    let entries = own["data"].as_array().unwrap().iter();
    let details: Vec<_> = entries.map(|entry| entry["details"].clone()).collect();
    assert_eq!(
        details,
        [
            json!({"before": {"name": "Acme"}, "after": {"name": "Bolt"}}),
            Value::Null,
            json!({"after": {"name": "Acme", "retry_delays_s": null}}),
        ]
    );
    let of_staff = app.get(&path).await.expect(200).to_string();
    assert!(of_staff.contains(CANARY) && of_staff.contains("uid-canary"));
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
async fn a_test_that_cannot_be_noted_is_not_sent() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let test = format!(
        "{account}/automations/{}/test",
        automation["id"].as_str().unwrap()
    );
    let broken = rusqlite::Connection::open(app.folder().join(DATABASE_FILE)).unwrap();
    broken.execute_batch("ALTER TABLE audit RENAME TO away").unwrap();
    for _ in 0..11 {
        app.post(&test, &json!({})).await.problem(500, "internal_error");
    }
    let events = app.get(&format!("{account}/events")).await.expect(200);
    assert_eq!(events["data"], json!([]));
    broken.execute_batch("ALTER TABLE away RENAME TO audit").unwrap();
    app.post(&test, &json!({})).await.expect(202);
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
    for bad in [
        "action=flown",
        "actor=",
        "target=%00",
        "after=yesterday",
        "account=acme",
        "account=apikey_01h455vb4pex5vsknk084sn02q",
    ] {
        app.get(&format!("/v1/audit?{bad}"))
            .await
            .problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn the_entries_of_a_deleted_account_are_found_by_its_id() {
    let app = App::start().await;
    let (account, other) = (app.account().await, app.account().await);
    app.delete(&account).await.expect(204);
    app.get(&format!("{account}/audit"))
        .await
        .problem(404, "account_not_found");
    let id = account.rsplit('/').next().unwrap();
    let list = app.get(&format!("/v1/audit?account={id}")).await.expect(200);
    let entries = list["data"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["account.deleted", "account.created"]);
    assert!(entries.iter().all(|entry| entry["account_id"] == id));
    let path = format!("/v1/audit?account={id}&action=account.created&limit=1");
    assert_eq!(app.get(&path).await.expect(200)["data"][0], entries[1]);
    app.get(&format!("{other}/audit?account={id}"))
        .await
        .problem(400, "invalid_query");
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
