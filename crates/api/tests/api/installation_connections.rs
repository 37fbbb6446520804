//! Connections of the installation: those of the account `system`, which actions of all accounts can use.

use axum::body::Body;
use http::{Method, Request};
use postrider_model::custom_header::MASK;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App};

const SYSTEM: &str = "/v1/accounts/system/connections";
const TOKEN: &str = "a-token-that-no-customer-may-see";
const AT: &str = "/actions/0/connection_id";

struct Scene {
    app: App,
    /// The connection as the operator sees it.
    connection: Value,
    id: String,
}

impl Scene {
    async fn new() -> Self {
        let app = App::start().await;
        app.engine.configuration().create_system_account().await.unwrap();
        let body = json!({
            "name": "Partner gateway", "type": "header", "header_name": "X-Gateway-Key", "header_value": TOKEN,
            "hosts": ["receiver.example"],
        });
        let connection = app.post(SYSTEM, &body).await.expect(201);
        let id = connection["id"].as_str().unwrap().to_owned();
        Self { app, connection, id }
    }

    fn path(&self) -> String {
        format!("{SYSTEM}/{}", self.id)
    }

    async fn automation(&self, account: &str, url: &str) -> ApiResponse {
        let body = json!({
            "name": "Tell the partner",
            "trigger": {"event_types": ["proposal.*"]},
            "actions": [{"type": "send_webhook", "url": url, "connection_id": self.id}],
        });
        self.app.post(&format!("{account}/automations"), &body).await
    }

    /// A key with these permissions, of one account if there is one.
    async fn key(&self, permissions: &Value, account: Option<&str>) -> String {
        let account = account.map(|path| path.rsplit('/').next().unwrap());
        let body = json!({"name": "k", "permissions": permissions, "account": account});
        let key = self.app.post("/v1/api-keys", &body).await.expect(201);
        key["key"].as_str().unwrap().to_owned()
    }

    async fn call(&self, key: &str, method: Method, path: &str, body: &Value) -> ApiResponse {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.app.send(request.unwrap()).await
    }
}

#[tokio::test]
async fn an_installations_connection_serves_all_accounts_for_urls_of_its_hosts_alone() {
    let scene = Scene::new().await;
    assert_eq!(scene.connection["owner"], json!("installation"));
    for _ in 0..2 {
        let account = scene.app.account().await;
        for url in [
            "https://evil.example/receiver.example",
            "https://a.receiver.example/",
        ] {
            scene
                .automation(&account, url)
                .await
                .fault(AT, "connection_not_for_host");
        }
        let saved = scene
            .automation(&account, "https://receiver.example/200")
            .await
            .expect(201);
        let path = format!("{account}/automations/{}", saved["id"].as_str().unwrap());
        let mut action = saved["actions"][0].clone();
        action["url"] = json!("https://evil.example/");
        let moved = scene.app.patch(&path, &json!({"actions": [action]})).await;
        moved.fault(AT, "connection_not_for_host");
        let event = json!({"type": "proposal.accepted", "data": {}});
        let event = scene
            .app
            .post(&format!("{account}/events"), &event)
            .await
            .expect(202);
        let list = format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap());
        let is_sent = |page: &Value| page["data"][0]["status"] == "succeeded";
        let page = scene.app.until(&list, is_sent).await;
        let sent = scene.app.sent.lock().last().unwrap().headers.clone();
        assert!(sent.contains(&("X-Gateway-Key".to_owned(), TOKEN.to_owned())));
        let id = page["data"][0]["id"].as_str().unwrap();
        let record = scene
            .app
            .get(&format!("{account}/deliveries/{id}"))
            .await
            .expect(200);
        assert!(record.to_string().contains(MASK) && !record.to_string().contains(TOKEN));
    }
}

#[tokio::test]
async fn an_installations_connection_needs_hosts() {
    let scene = Scene::new().await;
    let body = json!({"name": "Gateway", "type": "bearer", "token": "x"});
    scene.app.post(SYSTEM, &body).await.fault("/hosts", "too_few");
    let none = scene.app.patch(&scene.path(), &json!({"hosts": []})).await;
    none.fault("/hosts", "too_few");
}

#[tokio::test]
async fn a_customer_lists_it_to_choose_it_and_neither_reads_nor_changes_it() {
    let scene = Scene::new().await;
    let account = scene.app.account().await;
    let list = format!("{account}/connections");
    let own = json!({"name": "CRM", "type": "bearer", "token": "x"});
    let own = scene.app.post(&list, &own).await.expect(201);
    let customer = scene.key(&json!(["read", "manage"]), Some(&account)).await;
    let none = json!({});
    let listed = scene.call(&customer, Method::GET, &list, &none).await.expect(200);
    let shared = json!({
        "id": scene.id, "name": "Partner gateway", "type": "header", "hosts": ["receiver.example"],
        "owner": "installation",
    });
    assert_eq!(listed["data"], json!([own, shared]));
    let first = scene.app.get(&format!("{list}?limit=1")).await.expect(200);
    assert_eq!(first["data"], json!([own]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = scene
        .app
        .get(&format!("{list}?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        (&second["data"], &second["next_cursor"]),
        (&json!([shared]), &Value::Null)
    );
    scene
        .automation(&account, "https://receiver.example/200")
        .await
        .expect(201);
    let edit = json!({"hosts": ["evil.example"]});
    for (method, body) in [
        (Method::GET, &none),
        (Method::PATCH, &edit),
        (Method::DELETE, &none),
    ] {
        let path = format!("{list}/{}", scene.id);
        let missing = scene.call(&customer, method.clone(), &path, body).await;
        missing.problem(404, "connection_not_found");
        let missing = scene.call(&customer, method, &scene.path(), body).await;
        missing.problem(404, "account_not_found");
    }
    let missing = scene.call(&customer, Method::GET, SYSTEM, &none).await;
    missing.problem(404, "account_not_found");
    let seen = scene.app.get(&scene.path()).await.expect(200);
    assert_eq!(seen, scene.connection, "unchanged");
    let trail = scene.app.get("/v1/audit").await.expect(200);
    assert!(!trail.to_string().contains(TOKEN), "{trail}");
}

#[tokio::test]
async fn who_does_not_administer_the_installation_cannot_change_its_connections() {
    let scene = Scene::new().await;
    let system = "/v1/accounts/system";
    let body = json!({
        "name": "Gateway", "type": "bearer", "token": "x", "hosts": ["evil.example"],
    });
    for account in [None, Some(system)] {
        let account = match account {
            None => None,
            Some(path) => scene.app.get(path).await.expect(200)["id"]
                .as_str()
                .map(str::to_owned),
        };
        let key = scene.key(&json!(["read", "manage"]), account.as_deref()).await;
        let edit = json!({"hosts": ["evil.example"]});
        for (method, path, body) in [
            (Method::POST, SYSTEM.to_owned(), &body),
            (Method::PATCH, scene.path(), &edit),
            (Method::DELETE, scene.path(), &json!({})),
        ] {
            let denied = scene.call(&key, method, &path, body).await;
            denied.problem(403, "permission_denied");
        }
        let read = scene.call(&key, Method::GET, &scene.path(), &json!({})).await;
        assert_eq!(read.expect(200)["header_value"], json!(MASK));
    }
    let listed = scene.app.get(SYSTEM).await.expect(200);
    assert_eq!(listed["data"], json!([scene.connection]));
}

#[tokio::test]
async fn it_is_not_deleted_while_an_account_uses_it_and_the_refusal_names_the_account() {
    let scene = Scene::new().await;
    let account = scene.app.account().await;
    let saved = scene
        .automation(&account, "https://receiver.example/200")
        .await
        .expect(201);
    let refused = scene.app.delete(&scene.path()).await;
    refused.problem(409, "connection_in_use");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    let id = account.rsplit('/').next().unwrap();
    assert!(
        detail.contains("Tell the partner") && detail.contains(id),
        "{detail}"
    );
    let path = format!("{account}/automations/{}", saved["id"].as_str().unwrap());
    scene.app.delete(&path).await.expect(204);
    scene.app.delete(&scene.path()).await.expect(204);
    let gone = scene.automation(&account, "https://receiver.example/200").await;
    gone.fault(AT, "unknown_connection");
}
