//! API keys: created once, listed without the key, deleted.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::app::App;

async fn create(app: &App, body: &Value) -> Value {
    app.post("/v1/api-keys", body).await.expect(201)
}

async fn is_valid(app: &App, key: &Value) -> bool {
    let request = Request::get("/v1/openapi.json").header(
        "authorization",
        format!("Bearer {}", key["key"].as_str().unwrap()),
    );
    let response = app.send(request.body(Body::empty()).unwrap()).await;
    response.status == 200
}

#[tokio::test]
async fn a_key_is_shown_once_listed_by_its_prefix_and_gone_once_deleted() {
    let app = App::start().await;
    let body = json!({"name": "CI", "permissions": ["read", "manage", "resend"], "account": null});
    let key = create(&app, &body).await;
    assert_eq!(
        key["permissions"],
        json!(["read", "manage"]),
        "manage includes resend"
    );
    assert!(is_valid(&app, &key).await);

    let listed = app.get("/v1/api-keys").await.expect(200);
    let row = &listed["data"][0];
    assert_eq!((&row["id"], &row["name"]), (&key["id"], &json!("CI")));
    assert_eq!(row["prefix"], key["key"].as_str().unwrap()[..8]);
    assert!(row["last_used_at"].is_string() && row["key"].is_null());
    let configured = &listed["data"][1];
    assert_eq!(
        configured["prefix"],
        Value::Null,
        "the operator's key shows nothing of itself"
    );

    let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
    app.delete(&path).await.problem(404, "api_key_not_found");
    assert!(!is_valid(&app, &key).await);
    let last = format!("/v1/api-keys/{}", configured["id"].as_str().unwrap());
    app.delete(&last).await.problem(409, "last_admin_key");
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let app = App::start().await;
    let mut created = Vec::new();
    for name in ["1", "2", "3"] {
        let key = create(&app, &json!({"name": name, "permissions": ["read"]})).await;
        created.push(key["id"].clone());
    }
    created.reverse();
    let first = app.get("/v1/api-keys?limit=2").await.expect(200);
    let next = first["next_cursor"].as_str().unwrap();
    let second = app
        .get(&format!("/v1/api-keys?limit=2&cursor={next}"))
        .await
        .expect(200);
    let ids: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|key| key["id"].clone())
        .collect();
    assert_eq!(ids[..3], created[..]);
    assert_eq!((ids.len(), &second["next_cursor"]), (4, &Value::Null));
}

#[tokio::test]
async fn an_account_is_named_by_its_id_or_uid_and_invalid_drafts_are_refused_with_pointers() {
    let app = App::start().await;
    let body = json!({"uid": "tenant-42", "name": "Acme"});
    let account = app.post("/v1/accounts", &body).await.expect(201);
    for name in [&account["uid"], &account["id"]] {
        let body = json!({"name": "One", "permissions": ["events:write"], "account": name});
        let key = create(&app, &body).await;
        assert_eq!(key["account_id"], account["id"]);
    }
    for (body, pointer, code) in [
        (json!({"name": " ", "permissions": ["read"]}), "/name", "blank"),
        (json!({"name": "a", "permissions": []}), "/permissions", "too_few"),
        (
            json!({"name": "a", "permissions": ["root"]}),
            "/permissions/0",
            "invalid_value",
        ),
        (
            json!({"name": "a", "permissions": ["admin"], "account": "tenant-42"}),
            "/permissions",
            "invalid_value",
        ),
        (
            json!({"name": "a", "permissions": ["read"], "account": "nobody"}),
            "/account",
            "invalid_value",
        ),
        (
            json!({"name": "a", "permissions": ["read"], "expires_at": "2001-01-01T00:00:00Z"}),
            "/expires_at",
            "out_of_range",
        ),
        (
            json!({"name": "a", "permissions": ["read"], "expires_at": "tomorrow"}),
            "/expires_at",
            "invalid_value",
        ),
        (json!({"permissions": ["read"]}), "/name", "required"),
    ] {
        app.post("/v1/api-keys", &body).await.fault(pointer, code);
    }
}

#[tokio::test]
async fn a_key_gives_no_more_than_it_has_to_a_portal_link() {
    let app = App::start().await;
    let account = app.account().await;
    let key = create(&app, &json!({"name": "Links", "permissions": ["manage"]})).await;
    let links = format!("{account}/portal-links");
    let request = Request::builder()
        .method(Method::POST)
        .uri(&links)
        .header("host", "a.example")
        .header(
            "authorization",
            format!("Bearer {}", key["key"].as_str().unwrap()),
        );
    let response = app.send(request.body(Body::empty()).unwrap()).await;
    response.problem(403, "permission_denied");
}
