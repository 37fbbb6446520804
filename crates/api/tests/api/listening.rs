//! Listening to automations.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use postrider_access::ApiKeyDraft;
use postrider_api::{Api, ApiState};
use postrider_engine::listen::Listeners;
use postrider_model::{By, Permission};
use postrider_storage_sqlite::DATABASE_FILE;
use serde_json::{Value, json};

use crate::app::{App, KEY};

/// An open stream of server-sent events.
struct Stream(Response<Body>);

impl Stream {
    /// The next event's name and data; `None` at the end. Skips comments.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let frame = self.0.body_mut().frame().await?.unwrap();
            let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
            let field = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            if let Some(name) = field("event") {
                return Some((
                    name.to_owned(),
                    serde_json::from_str(field("data").unwrap()).unwrap(),
                ));
            }
        }
    }

    async fn expect(&mut self, name: &str) -> Value {
        let (seen, data) = self.next().await.unwrap();
        assert_eq!(seen, name, "{data}");
        data
    }

    async fn expect_end(&mut self, reason: &str) {
        assert_eq!(self.expect("end").await["reason"], reason);
        assert_eq!(self.next().await, None);
    }
}

/// An account with an automation that one can listen to, and the path of the latter.
async fn listenable(app: &App) -> (String, String) {
    let account = app.account().await;
    let path = format!("{account}/automations/local");
    app.put(&path, &local()).await.expect(201);
    (account, path)
}

fn local() -> Value {
    json!({
        "name": "Local", "trigger": {"event_types": ["*"]}, "retry_delays_s": [],
        "actions": [{"type": "send_webhook", "url": "https://dev.listen.invalid/hooks?x=1", "timeout_s": 5}],
    })
}

/// Opens a response that goes on, with this key.
async fn open(app: &App, path: &str, key: &str) -> Response<Body> {
    open_at(&app.api, path, key).await
}

async fn open_at(node: &Api, path: &str, key: &str) -> Response<Body> {
    let authorization = format!("Bearer {key}");
    let request = Request::builder()
        .uri(path)
        .header("authorization", authorization);
    node.handle(request.body(Body::empty()).unwrap()).await
}

async fn listen(app: &App, path: &str) -> Stream {
    listen_at(&app.api, path, 1).await
}

/// Listens at a node of a server that has this many.
async fn listen_at(node: &Api, path: &str, nodes: usize) -> Stream {
    let response = open_at(node, &format!("{path}/listen?ephemeral=true"), KEY).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = Stream(response);
    assert_eq!(stream.expect("hello").await["nodes"], nodes);
    stream
}

/// Another node on the same database.
async fn other_node(app: &App) -> Api {
    let session = "INSERT INTO sessions (lease_ms, alive_until) SELECT lease_ms, alive_until FROM sessions";
    app.store.run_sql(session).await.unwrap();
    Api::new(ApiState {
        listeners: Arc::new(Listeners::new(2)),
        ..app.state.clone()
    })
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn send(app: &App, account: &str) -> String {
    let event = json!({"type": "proposal.accepted", "data": {"n": 1}});
    let event = app.post(&format!("{account}/events"), &event).await.expect(202);
    format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_request_is_handed_over_as_it_would_be_sent_and_its_response_is_the_attempts() {
    let app = App::start().await;
    let (account, path) = listenable(&app).await;
    let mut stream = listen(&app, &path).await;
    let deliveries = send(&app, &account).await;
    let request = stream.expect("request").await;
    assert_eq!(
        (&request["target"], &request["timeout_ms"]),
        (&json!("/hooks?x=1"), &json!(5_000))
    );
    let body = STANDARD.decode(request["body_base64"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]),
        (&json!("proposal.accepted"), &json!({"n": 1}))
    );
    let headers = request["headers"].as_array().unwrap();
    let names: Vec<_> = headers
        .iter()
        .map(|header| header["name"].as_str().unwrap())
        .collect();
    for name in [
        "webhook-signature",
        "Postrider-Signature",
        "Postrider-Delivery-Id",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(app.sent.lock().is_empty(), "nothing was sent over the network");

    let respond = format!("{path}/listen/{}", request["id"].as_str().unwrap());
    let response = json!({
        "status_code": 503, "headers": [{"name": "Retry-After", "value": "7"}], "body_base64": "Ym9vbQ==",
        "duration_ms": 3,
    });
    app.post(&respond, &response).await.expect(204);
    app.post(&respond, &response)
        .await
        .problem(409, "request_not_waiting");
    let list = app
        .until(&deliveries, |list| list["data"][0]["status"] == "failed")
        .await;
    let id = list["data"][0]["id"].as_str().unwrap();
    let record = app.get(&format!("{account}/deliveries/{id}")).await.expect(200);
    let attempt = &record["attempts"][0];
    assert_eq!(
        (&attempt["status_code"], &attempt["response_body"]),
        (&json!(503), &json!("boom"))
    );
    assert_eq!(attempt["response_headers"][0]["name"], "retry-after");
    assert_eq!(attempt["url"], "https://dev.listen.invalid/hooks?x=1");
}

#[tokio::test]
async fn a_response_is_checked() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    let respond = format!("{path}/listen/0000000000000001-1");
    let bad = json!({"status_code": 99, "outcome": "blocked", "body_base64": "=", "duration_ms": -1});
    let faults = app.post(&respond, &bad).await.problem(422, "invalid_body");
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/status_code", "/outcome", "/body_base64", "/duration_ms"]
    );
    let empty = app
        .post(&respond, &json!({"duration_ms": 1}))
        .await
        .problem(422, "invalid_body");
    assert_eq!(empty[0].0, "/outcome");
    let good = json!({"outcome": "timeout", "error": "late", "duration_ms": 1});
    app.post(&respond, &good)
        .await
        .problem(409, "request_not_waiting");
    let elsewhere = format!("{path}/listen/0000000000000002-1");
    app.post(&elsewhere, &good)
        .await
        .problem(421, "request_elsewhere");
    app.post(&format!("{path}/listen/x"), &good)
        .await
        .problem(400, "invalid_id");
}

#[tokio::test]
async fn a_newer_stream_supersedes_an_older_one_unless_it_is_asked_for_another_node() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    let mut first = listen(&app, &path).await;
    let met = open(&app, &format!("{path}/listen?except=ff,0000000000000001"), KEY).await;
    assert_eq!(met.status(), StatusCode::NO_CONTENT);
    let second = listen(&app, &path).await;
    first.expect_end("superseded").await;
    drop(second);
}

#[tokio::test]
async fn a_stream_ends_with_its_automation_its_key_and_its_node() {
    let app = App::start().await;
    let (account, path) = listenable(&app).await;
    let draft = ApiKeyDraft {
        name: "developer".to_owned(),
        permissions: vec![Permission::Manage, Permission::Read],
        account: None,
        expires_at: None,
    };
    let (key, shown) = app.access.create_api_key(&By::NODE, draft).await.unwrap();
    let response = open(&app, &format!("{path}/listen"), shown.expose()).await;
    let mut of_key = Stream(response);
    of_key.expect("hello").await;
    app.delete(&format!("/v1/api-keys/{}", key.id)).await.expect(204);
    send(&app, &account).await;
    of_key.expect_end("unauthorized").await;

    tokio::time::pause();
    let mut stream = listen(&app, &path).await;
    app.delete(&path).await.expect(204);
    stream.expect_end("automation_gone").await;
    let (_, path) = listenable(&app).await;
    let mut stream = listen(&app, &path).await;
    app.api.stop();
    stream.expect_end("reconnect").await;
}

#[tokio::test]
async fn a_stream_outlasts_a_store_that_fails_for_a_moment() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    tokio::time::pause();
    let mut stream = listen(&app, &path).await;
    let database = rusqlite::Connection::open(app.folder().join(DATABASE_FILE)).unwrap();
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        database.execute_batch(&sql).unwrap();
    };
    rename("automations", "away");
    let sign = stream.0.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(sign.into_data().unwrap(), ": still here\n\n");
    rename("away", "automations");
    app.delete(&path).await.expect(204);
    stream.expect_end("automation_gone").await;
}

#[tokio::test]
async fn the_automation_of_a_client_that_does_not_come_back_is_deleted_after_a_minute() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    tokio::time::pause();
    drop(listen(&app, &path).await);
    pass(30).await;
    let back = listen(&app, &path).await;
    pass(45).await;
    app.get(&path).await.expect(200);
    drop(back);
    pass(20).await;
    drop(listen(&app, &path).await);
    pass(50).await;
    app.get(&path).await.expect(200);
    pass(11).await;
    app.get(&path).await.problem(404, "automation_not_found");
}

#[tokio::test]
async fn a_listener_to_another_automation_of_the_same_name_keeps_only_its_own() {
    let app = App::start().await;
    let (account, path) = listenable(&app).await;
    let other = format!("{account}/automations/other");
    app.put(&other, &local()).await.expect(201);
    tokio::time::pause();
    let mut first = listen(&app, &path).await;
    let _other = listen(&app, &other).await;
    first.expect_end("superseded").await;
    pass(61).await;
    app.get(&path).await.problem(404, "automation_not_found");
    app.get(&other).await.expect(200);
}

#[tokio::test]
async fn the_automation_of_a_client_that_comes_back_to_another_name_is_not_deleted() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    tokio::time::pause();
    drop(listen(&app, &path).await);
    let mut renamed = local();
    renamed["actions"][0]["url"] = json!("https://renamed.listen.invalid/hooks");
    app.patch(&path, &json!({"actions": renamed["actions"]}))
        .await
        .expect(200);
    let _back = listen(&app, &path).await;
    pass(61).await;
    app.get(&path).await.expect(200);
}

#[tokio::test]
async fn the_automation_of_a_client_that_listens_at_another_node_is_not_deleted() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    let other = other_node(&app).await;
    tokio::time::pause();
    let here = listen_at(&app.api, &path, 2).await;
    let mut there = listen_at(&other, &path, 2).await;
    let there = tokio::spawn(async move { there.next().await });
    drop(here);
    pass(3_000).await;
    let kept = app.get(&path).await.expect(200);
    assert_eq!(kept["metadata"], json!({}));

    there.abort();
    pass(350).await;
    let marked = app.get(&path).await.expect(200);
    assert!(marked["metadata"]["postrider_abandoned"].is_string(), "{marked}");
    pass(15).await;
    app.get(&path).await.problem(404, "automation_not_found");
}

#[tokio::test]
async fn a_client_may_come_back_to_any_node_before_its_automation_is_deleted() {
    let app = App::start().await;
    let (_, path) = listenable(&app).await;
    let other = other_node(&app).await;
    tokio::time::pause();
    for node in [&app.api, &other] {
        drop(listen_at(node, &path, 2).await);
    }
    pass(300).await;
    let back = listen_at(&other, &path, 2).await;
    assert_eq!(app.get(&path).await.expect(200)["metadata"], json!({}));
    pass(300).await;
    app.get(&path).await.expect(200);
    drop(back);
    pass(365).await;
    app.get(&path).await.problem(404, "automation_not_found");
}

#[tokio::test]
async fn only_who_may_read_and_manage_can_listen_and_only_to_a_url_of_the_domain() {
    let app = App::start().await;
    let (account, path) = listenable(&app).await;
    let draft = ApiKeyDraft {
        name: "manager".to_owned(),
        permissions: vec![Permission::Manage],
        account: None,
        expires_at: None,
    };
    let (_, shown) = app.access.create_api_key(&By::NODE, draft).await.unwrap();
    let refused = open(&app, &format!("{path}/listen"), shown.expose()).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let other = app.automation(&account, 200).await;
    let other = format!("{account}/automations/{}/listen", other["id"].as_str().unwrap());
    app.get(&other).await.problem(409, "not_listenable");
    app.get(&format!("{path}/listen?ephemeral=maybe"))
        .await
        .problem(400, "invalid_query");
}
