//! Connections: created, read without their secrets, updated, deleted once nothing uses them, and used.

use postrider_model::custom_header::MASK;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App, url};

const TOKEN: &str = "a-token-that-nobody-may-see";

fn bearer() -> Value {
    json!({"name": "CRM", "type": "bearer", "token": TOKEN})
}

fn oauth2() -> Value {
    json!({
        "name": "Bank", "type": "oauth2", "token_url": "https://id.example/token", "client_id": "me",
        "client_secret": TOKEN, "scope": "hooks:write",
    })
}

struct Scene {
    app: App,
    account: String,
}

impl Scene {
    async fn new() -> Self {
        let app = App::start().await;
        let account = app.account().await;
        Self { app, account }
    }

    fn list(&self) -> String {
        format!("{}/connections", self.account)
    }

    fn path(&self, id: &str) -> String {
        format!("{}/{id}", self.list())
    }

    async fn create(&self, body: &Value) -> String {
        let created = self.app.post(&self.list(), body).await.expect(201);
        created["id"].as_str().unwrap().to_owned()
    }

    async fn automation(&self, connection: &Value, headers: &Value) -> ApiResponse {
        let body = json!({
            "name": "Tell the CRM",
            "trigger": {"event_types": ["proposal.*"]},
            "actions": [{
                "type": "send_webhook", "url": url(200), "headers": headers, "connection_id": connection,
            }],
        });
        self.app
            .post(&format!("{}/automations", self.account), &body)
            .await
    }
}

#[tokio::test]
async fn a_connection_is_created_listed_read_and_updated_and_never_shows_its_secret() {
    let scene = Scene::new().await;
    let created = scene.app.post(&scene.list(), &oauth2()).await;
    let body = created.expect(201);
    let id = body["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("conn_"));
    assert!(created.headers["location"].to_str().unwrap().ends_with(&id));
    let expected = json!({
        "id": id, "name": "Bank", "type": "oauth2", "token_url": "https://id.example/token", "client_id": "me",
        "client_secret": MASK, "scope": "hooks:write", "client_authentication": "basic", "hosts": [],
        "owner": "account",
        "created_at": body["created_at"], "updated_at": body["updated_at"],
    });
    assert_eq!(body, expected);
    assert_eq!(scene.app.get(&scene.path(&id)).await.expect(200), expected);
    let listed = scene.app.get(&scene.list()).await.expect(200);
    assert_eq!(listed["data"], json!([expected]));
    let patch = json!({"name": "Other bank", "scope": null});
    let updated = scene.app.patch(&scene.path(&id), &patch).await.expect(200);
    assert_eq!(
        (&updated["name"], &updated["scope"]),
        (&json!("Other bank"), &Value::Null)
    );
    let again = scene
        .app
        .patch(&scene.path(&id), &updated_of(&updated))
        .await
        .expect(200);
    assert_eq!(
        again["updated_at"], updated["updated_at"],
        "what was read changes nothing"
    );
    let trail = scene.app.get("/v1/audit").await;
    for shown in [&body, &listed, &updated, &trail.expect(200)] {
        assert!(!shown.to_string().contains(TOKEN), "{shown}");
    }
}

/// The members of a connection that a client sends back.
fn updated_of(read: &Value) -> Value {
    let mut members = read.as_object().unwrap().clone();
    for name in ["id", "owner", "created_at", "updated_at"] {
        members.remove(name);
    }
    members.into()
}

#[tokio::test]
async fn an_action_sends_the_header_of_its_connection_as_it_is_then() {
    let scene = Scene::new().await;
    let id = scene.create(&bearer()).await;
    let automation = scene
        .automation(&json!(id), &json!({"X-Own": "1"}))
        .await
        .expect(201);
    assert_eq!(automation["actions"][0]["connection_id"], json!(id));
    for token in [TOKEN, "another-token-that-is-secret"] {
        scene
            .app
            .patch(&scene.path(&id), &json!({"token": token}))
            .await
            .expect(200);
        let event = json!({"type": "proposal.accepted", "data": {}});
        let event = scene
            .app
            .post(&format!("{}/events", scene.account), &event)
            .await
            .expect(202);
        let list = format!(
            "{}/deliveries?event_id={}",
            scene.account,
            event["id"].as_str().unwrap()
        );
        let page = scene
            .app
            .until(&list, |page| page["data"][0]["status"] == "succeeded")
            .await;
        let sent = scene.app.sent.lock().last().unwrap().headers.clone();
        let value = sent.iter().find(|(name, _)| name == "Authorization");
        assert_eq!(value.unwrap().1, format!("Bearer {token}"));
        let delivery = format!(
            "{}/deliveries/{}",
            scene.account,
            page["data"][0]["id"].as_str().unwrap()
        );
        let record = scene.app.get(&delivery).await.expect(200);
        let headers = &record["attempts"][0]["request_headers"];
        assert!(headers.to_string().contains(MASK), "{headers}");
        assert!(!record.to_string().contains(token));
    }
}

#[tokio::test]
async fn an_action_names_a_connection_of_its_own_account() {
    let scene = Scene::new().await;
    let other = scene.app.account().await;
    let foreign = scene
        .app
        .post(&format!("{other}/connections"), &bearer())
        .await
        .expect(201)["id"]
        .clone();
    let at = "/actions/0/connection_id";
    let none = json!({});
    scene
        .automation(&foreign, &none)
        .await
        .fault(at, "unknown_connection");
    let unknown = json!("conn_01h455vb4pex5vsknk084sn02q");
    scene
        .automation(&unknown, &none)
        .await
        .fault(at, "unknown_connection");
    scene
        .automation(&json!("crm"), &none)
        .await
        .fault(at, "invalid_value");
    let own = json!(scene.create(&bearer()).await);
    let twice = json!({"authorization": "Bearer mine"});
    scene.automation(&own, &twice).await.fault(at, "duplicate");
    let automation = scene.automation(&own, &none).await.expect(201);
    let path = format!(
        "{}/automations/{}",
        scene.account,
        automation["id"].as_str().unwrap()
    );
    let mut action = automation["actions"][0].clone();
    action["connection_id"] = foreign.clone();
    let edit = scene.app.patch(&path, &json!({"actions": [action]})).await;
    edit.fault(at, "unknown_connection");
    let draft = json!({"automation": {
        "name": "Draft", "trigger": {"event_types": ["*"]},
        "actions": [{"type": "send_webhook", "url": url(200), "connection_id": foreign}],
    }});
    let preview = scene
        .app
        .post(&format!("{}/automations/preview", scene.account), &draft)
        .await;
    preview.fault(&format!("/automation{at}"), "unknown_connection");
}

#[tokio::test]
async fn a_connection_that_is_in_use_is_not_deleted_and_the_refusal_names_its_automations() {
    let scene = Scene::new().await;
    let id = scene.create(&bearer()).await;
    let automation = scene.automation(&json!(id), &json!({})).await.expect(201);
    let automation = automation["id"].as_str().unwrap();
    let refused = scene.app.delete(&scene.path(&id)).await;
    assert_eq!(refused.problem(409, "connection_in_use"), []);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("Tell the CRM") && detail.contains(automation),
        "{detail}"
    );
    scene
        .app
        .delete(&format!("{}/automations/{automation}", scene.account))
        .await
        .expect(204);
    scene.app.delete(&scene.path(&id)).await.expect(204);
    for response in [
        scene.app.delete(&scene.path(&id)).await,
        scene.app.get(&scene.path(&id)).await,
        scene.app.patch(&scene.path(&id), &json!({"name": "x"})).await,
    ] {
        response.problem(404, "connection_not_found");
    }
}

#[tokio::test]
async fn faults_point_to_the_member() {
    let scene = Scene::new().await;
    let post = async |body: Value| scene.app.post(&scene.list(), &body).await;
    post(json!({"name": "", "type": "bearer", "token": "x"}))
        .await
        .fault("/name", "blank");
    post(json!({"name": "a", "type": "digest"}))
        .await
        .fault("/type", "invalid_value");
    post(json!({"name": "a"})).await.fault("/type", "required");
    post(json!({"name": "a", "type": "bearer"}))
        .await
        .fault("/token", "required");
    let both = json!({"name": "a", "type": "bearer", "token": "x", "user": "me"});
    post(both).await.fault("/user", "invalid_value");
    let masked = json!({"name": "a", "type": "bearer", "token": MASK});
    post(masked).await.fault("/token", "value_required");
    let split = json!({"name": "a", "type": "bearer", "token": "x\r\nX-Evil: 1"});
    post(split).await.fault("/token", "invalid_value");
    let private = json!({
        "name": "a", "type": "oauth2", "token_url": "http://169.254.169.254/", "client_id": "a",
        "client_secret": "b",
    });
    post(private).await.fault("/token_url", "destination_forbidden");
    let id = scene.create(&oauth2()).await;
    let moved = json!({"token_url": "https://evil.example/token"});
    let moved = scene.app.patch(&scene.path(&id), &moved).await;
    moved.fault("/client_secret", "value_required");
    let changed = json!({"type": "basic", "password": "x", "user": "me", "token_url": null, "client_id": null,
        "client_secret": null, "scope": null, "client_authentication": null});
    scene
        .app
        .patch(&scene.path(&id), &changed)
        .await
        .fault("/type", "read_only");
}

#[tokio::test]
async fn a_private_key_in_the_certificate_is_refused_and_neither_stored_nor_shown() {
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n";
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let scene = Scene::new().await;
    for certificate in [format!("{CERTIFICATE}{KEY}"), format!("{KEY}{CERTIFICATE}")] {
        let body = json!({
            "name": "Partner", "type": "client_certificate", "certificate": certificate, "private_key": KEY,
        });
        let refused = scene.app.post(&scene.list(), &body).await;
        refused.fault("/certificate", "invalid_value");
        let refused = refused.json().to_string();
        assert!(refused.contains("leave that section out"), "{refused}");
        let trail = scene.app.get("/v1/audit").await.expect(200).to_string();
        for shown in [refused, trail] {
            assert!(!shown.contains("MC4CAQAw"), "{shown}");
        }
    }
    let listed = scene.app.get(&scene.list()).await.expect(200);
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_connection_does_not_set_a_header_that_the_actions_profile_signs_with() {
    let scene = Scene::new().await;
    let connection = json!({
        "name": "CRM", "type": "header", "header_name": "X_Hub_Signature_256", "header_value": "sha256=0",
    });
    let id = scene.create(&connection).await;
    let list = format!("{}/automations", scene.account);
    let automation = |profile: &str| {
        json!({
            "name": "Tell the CRM",
            "trigger": {"event_types": ["proposal.*"]},
            "actions": [{
                "type": "send_webhook", "url": url(200), "connection_id": id, "signature_profile": profile,
            }],
        })
    };
    scene
        .app
        .post(&list, &automation("github"))
        .await
        .fault("/actions/0/connection_id", "reserved_header");
    scene.app.post(&list, &automation("postrider")).await.expect(201);
}

#[tokio::test]
async fn an_account_has_at_most_fifty_connections() {
    let scene = Scene::new().await;
    for _ in 0..50 {
        scene.create(&bearer()).await;
    }
    let surplus = scene.app.post(&scene.list(), &bearer()).await;
    surplus.problem(409, "too_many_connections");
}
