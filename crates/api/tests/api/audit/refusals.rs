//! Refused requests in the audit trail.

use axum::body::Body;
use http::Request;
use postrider_storage_sqlite::DATABASE_FILE;
use postrider_web::client::Client;
use serde_json::json;

use super::{CANARY, call, trail};
use crate::app::{App, KEY};

/// A request of this client that is refused, with a key or without one.
async fn refused(app: &App, client: &str, key: Option<&str>) {
    let mut request = Request::builder()
        .uri("/v1/accounts")
        .extension(Client::direct(client.parse().unwrap()));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let response = app.send(request.body(Body::empty()).unwrap()).await;
    match key {
        Some(_) => response.problem(403, "permission_denied"),
        None => response.problem(401, "unauthorized"),
    };
}

/// A new account, and a key of it.
async fn customer(app: &App) -> (String, String) {
    let account = app.account().await;
    let body = json!({"name": "Customer", "permissions": ["manage"], "account": account.rsplit('/').next()});
    let customer = app.post("/v1/api-keys", &body).await.expect(201);
    (account, customer["key"].as_str().unwrap().to_owned())
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
async fn the_trail_does_not_tell_a_customer_which_other_accounts_exist() {
    let app = App::start().await;
    let account = app.account().await;
    let body = json!({"name": "Another", "uid": "another"});
    let foreign = app.post("/v1/accounts", &body).await.expect(201);
    let body = json!({
        "name": "Customer",
        "permissions": ["events:write", "manage", "read"],
        "account": account.rsplit('/').next(),
    });
    let customer = app.post("/v1/api-keys", &body).await.expect(201);
    let key = customer["key"].as_str().unwrap();
    let own_trail = format!("{account}/audit?action=request.*");
    let missing = "acct_01h455vb4pex5vsknk084sn02q";
    let mut noted = 0;
    for other in ["another", foreign["id"].as_str().unwrap(), "nobody", missing] {
        for (method, path) in [("GET", "automations"), ("POST", "events")] {
            call(&app, key, method, &format!("/v1/accounts/{other}/{path}"), None)
                .await
                .problem(404, "account_not_found");
            app.access.write_refusals().await;
            noted += 1;
            let trail = call(&app, key, "GET", &own_trail, None).await.expect(200);
            let entries = trail["data"].as_array().unwrap();
            assert_eq!(entries.len(), noted, "{method} {path} of {other}");
            let route = format!("/v1/accounts/{{account}}/{path}");
            let details = json!({"reason": "not_found", "method": method, "route": route});
            assert_eq!(entries[0]["details"], details, "{other}");
        }
    }
    let before = trail(&app).await.len();
    app.get("/v1/accounts/nobody")
        .await
        .problem(404, "account_not_found");
    app.access.write_refusals().await;
    assert_eq!(trail(&app).await.len(), before, "for staff it is only a mistake");
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_a_bounded_number_of_entries() {
    let app = App::start().await;
    for _ in 0..300 {
        refused(&app, "192.0.2.1", None).await;
    }
    // A subscriber with a whole /64 is one client.
    for n in 0..300 {
        refused(&app, &format!("2001:db8::{n:x}"), None).await;
    }
    refused(&app, "192.0.2.2", None).await;
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
        refused(&app, client, None).await;
    }
    app.access.write_refusals().await;
    assert!(
        trail(&app).await.len() <= 60 + 1,
        "the trail is full for this minute"
    );
}

#[tokio::test]
async fn strangers_hide_no_refusal_of_a_known_caller() {
    let app = App::start().await;
    let (_, key) = customer(&app).await;
    // From the same clients, which is what a proxy makes of everybody.
    for n in 0..100 {
        refused(&app, &format!("198.51.100.{n}"), None).await;
    }
    for n in 0..20 {
        refused(&app, &format!("198.51.100.{n}"), Some(&key)).await;
    }
    app.access.write_refusals().await;
    let path = "/v1/audit?action=request.refused&limit=250";
    let all = app.get(path).await.expect(200);
    let entries = all["data"].as_array().unwrap();
    let of = |kind: &str| {
        entries
            .iter()
            .filter(|entry| entry["actor"]["kind"] == kind)
            .count()
    };
    assert_eq!((of("unknown"), of("api_key")), (60, 10));
}

#[tokio::test]
async fn a_store_that_refuses_entries_of_refusals_loses_no_count() {
    let app = App::start().await;
    let database = rusqlite::Connection::open(app.folder().join(DATABASE_FILE)).unwrap();
    database
        .execute_batch("ALTER TABLE audit RENAME TO away")
        .unwrap();
    // Ten entries and five that are left out, which the entry of the second client counts.
    for _ in 0..15 {
        refused(&app, "192.0.2.1", None).await;
    }
    refused(&app, "192.0.2.2", None).await;
    app.access.write_refusals().await;
    database
        .execute_batch("ALTER TABLE away RENAME TO audit")
        .unwrap();
    refused(&app, "192.0.2.3", None).await;
    app.access.write_refusals().await;
    let entries = trail(&app).await;
    let newest = entries[0].details.as_deref().unwrap();
    assert!(newest.ends_with(r#""refused_since":16}"#), "{newest}");
}

#[tokio::test]
async fn a_customer_does_not_learn_how_many_others_were_refused() {
    let app = App::start().await;
    let ((_, other), (account, key)) = (customer(&app).await, customer(&app).await);
    for _ in 0..15 {
        refused(&app, "192.0.2.1", Some(&other)).await;
    }
    refused(&app, "192.0.2.2", Some(&key)).await;
    app.access.write_refusals().await;
    let path = format!("{account}/audit?action=request.refused");
    let counted = app.get(&path).await.expect(200);
    assert_eq!(counted["data"][0]["details"]["refused_since"], 5);
    let own = call(&app, &key, "GET", &path, None).await.expect(200);
    let details = json!({"reason": "permission_denied", "method": "GET", "route": "/v1/accounts"});
    assert_eq!(own["data"][0]["details"], details);
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_method_that_a_client_made_up_does_not_enlarge_an_entry() {
    let app = App::start().await;
    let request = Request::builder()
        .method("A".repeat(2_000).as_str())
        .uri("/v1/accounts");
    let response = app.send(request.body(Body::empty()).unwrap()).await;
    response.problem(401, "unauthorized");
    app.access.write_refusals().await;
    let list = app.get("/v1/audit?action=request.refused").await.expect(200);
    let details = &list["data"][0]["details"];
    assert_eq!(details["method"], "other");
    assert!(details.to_string().len() < 200, "{details}");
}
