//! `Idempotency-Key` on POST: a repeated request takes effect once.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App};
use crate::conforms;

async fn post(app: &App, path: &str, body: &Value, key: &str) -> ApiResponse {
    app.call(
        Method::POST,
        path,
        Some(&body.to_string()),
        &[("idempotency-key", key)],
    )
    .await
}

fn is_replayed(response: &ApiResponse) -> bool {
    response
        .headers
        .get("idempotent-replayed")
        .is_some_and(|value| value == "true")
}

async fn count(app: &App, path: &str) -> usize {
    app.get(path).await.expect(200)["data"].as_array().unwrap().len()
}

/// An account, an automation whose action has a key of its own, its paths, and a failed delivery.
struct Scene {
    account: String,
    automation: String,
    action: String,
    delivery: String,
}

async fn scene(app: &App) -> Scene {
    let account = app.account().await;
    let automation = app.automation(&account, 500).await;
    let mut actions = automation["actions"].clone();
    actions[0]["signing_key"] = json!("own_hmac");
    let automation = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    let patched = app
        .patch(&automation, &json!({"actions": actions}))
        .await
        .expect(200);
    let action = format!(
        "{automation}/actions/{}",
        patched["actions"][0]["id"].as_str().unwrap()
    );
    let event = json!({"type": "proposal.accepted", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let failed = format!("{account}/deliveries?status=failed");
    let failed = app.until(&failed, |list| list["data"][0].is_object()).await;
    let delivery = format!(
        "{account}/deliveries/{}",
        failed["data"][0]["id"].as_str().unwrap()
    );
    Scene {
        account,
        automation,
        action,
        delivery,
    }
}

const NEW: &str = r#"{"name": "New"}"#;
const AUTOMATION: &str = r#"{"name": "New", "trigger": {"event_types": ["*"]},
    "actions": [{"type": "send_webhook", "url": "https://example.com/200"}]}"#;
const CONNECTION: &str = r#"{"name": "CRM", "type": "bearer", "token": "a"}"#;
const API_KEY: &str = r#"{"name": "New", "permissions": ["read"]}"#;
const AFTER: &str = r#"{"after": "2026-01-01T00:00:00Z"}"#;
const FAILED: &str = r#"{"status": "failed"}"#;
const TYPE: &str = r#"{"event_type": "proposal.accepted"}"#;

/// A request to each POST route that is remembered: the id of its operation, its path and its body.
fn requests(scene: &Scene) -> [(&'static str, String, &'static str); 12] {
    let Scene {
        account,
        automation,
        action,
        delivery,
    } = scene;
    [
        // First, because the others change the delivery.
        ("resend_delivery", format!("{delivery}/resend"), "{}"),
        ("create_account", "/v1/accounts".to_owned(), NEW),
        ("create_automation", format!("{account}/automations"), AUTOMATION),
        (
            "rotate_action_signing_key",
            format!("{action}/signing-keys/rotate"),
            "{}",
        ),
        ("send_missed", format!("{automation}/send-missed"), AFTER),
        ("test_automation", format!("{automation}/test"), "{}"),
        ("create_connection", format!("{account}/connections"), CONNECTION),
        ("cancel_deliveries", format!("{account}/deliveries/cancel"), TYPE),
        (
            "replay_deliveries",
            format!("{account}/deliveries/replay"),
            FAILED,
        ),
        ("create_portal_link", format!("{account}/portal-links"), "{}"),
        (
            "rotate_signing_key",
            format!("{account}/signing-keys/rotate"),
            "{}",
        ),
        ("create_api_key", "/v1/api-keys".to_owned(), API_KEY),
    ]
}

#[tokio::test]
async fn every_post_with_a_key_is_handled_once_and_repeats_its_response() {
    let app = App::at("https://hooks.example.com").await;
    let requests = requests(&scene(&app).await);
    for (operation, path, body) in &requests {
        let body = &serde_json::from_str(body).unwrap();
        let key = format!("{operation}-1");
        let first = post(&app, path, body, &key).await;
        assert!(first.status.is_success(), "{operation}: {}", first.json());
        assert!(!is_replayed(&first), "{operation}");
        let again = post(&app, path, body, &key).await;
        assert!(is_replayed(&again), "{operation}: {}", again.json());
        assert_eq!(
            (again.status, &again.bytes),
            (first.status, &first.bytes),
            "{operation}"
        );
        for name in ["location", "etag", "content-type"] {
            assert_eq!(
                again.headers.get(name),
                first.headers.get(name),
                "{operation}: {name}"
            );
        }
    }
    let documented = conforms::document()["paths"].as_object().unwrap().values();
    let has_key = |operation: &&Value| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"))
    };
    let documented: Vec<&str> = documented
        .filter_map(|item| item.get("post"))
        .filter(has_key)
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    // Events have tests of their own, and only a server with a key file can rotate its master key.
    for operation in documented {
        let has_rules_of_its_own =
            ["create_event", "create_event_batch", "rotate_master_key"].contains(&operation);
        let is_tested = requests.iter().any(|(tested, ..)| *tested == operation);
        assert!(is_tested || has_rules_of_its_own, "{operation}");
    }
    assert_eq!(
        count(&app, "/v1/accounts").await,
        2,
        "the scene's, and one that was created"
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_caller() {
    let app = App::start().await;
    let body = json!({"name": "One"});
    let first = post(&app, "/v1/accounts", &body, "a").await.expect(201);
    let other_body = json!({"name": "Other"});
    post(&app, "/v1/accounts", &other_body, "a")
        .await
        .problem(409, "idempotency_key_reused");
    let other_path = format!("/v1/accounts/{}/portal-links", first["id"].as_str().unwrap());
    post(&app, &other_path, &body, "a")
        .await
        .problem(409, "idempotency_key_reused");
    post(&app, "/v1/accounts", &body, "not visible")
        .await
        .problem(400, "invalid_idempotency_key");
    // Another caller learns nothing of it.
    let key = json!({"name": "Other", "permissions": ["admin", "manage", "read"]});
    let key = app.post("/v1/api-keys", &key).await.expect(201);
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let request = http::Request::post("/v1/accounts")
        .header("authorization", bearer)
        .header("content-type", "application/json")
        .header("idempotency-key", "a")
        .body(body.to_string().into());
    let others = app.send(request.unwrap()).await;
    assert!(!is_replayed(&others));
    assert_ne!(others.expect(201)["id"], first["id"]);
}

#[tokio::test]
async fn a_request_that_was_refused_can_be_corrected_under_the_same_key() {
    let app = App::start().await;
    let wrong = json!({"name": ""});
    post(&app, "/v1/accounts", &wrong, "a")
        .await
        .problem(422, "invalid_body");
    post(&app, "/v1/accounts", &json!({"name": "Right"}), "a")
        .await
        .expect(201);
}

#[tokio::test]
async fn requests_that_arrive_together_take_effect_once() {
    let app = App::start().await;
    let body = json!({"name": "Once"});
    let before = count(&app, "/v1/accounts").await;
    let responses = join_all((0..10).map(|_| post(&app, "/v1/accounts", &body, "a"))).await;
    let created = responses
        .iter()
        .filter(|response| response.status == 201 && !is_replayed(response));
    assert_eq!(created.count(), 1);
    for response in &responses {
        if response.status != 201 {
            response.problem(409, "request_in_progress");
            assert_eq!(response.headers["retry-after"], "1");
        }
    }
    assert_eq!(count(&app, "/v1/accounts").await, before + 1);
}

/// The client goes away after the server has had to wait one time, two times, or three times.
#[tokio::test]
async fn a_client_that_went_away_learns_the_response_later() {
    let app = App::start().await;
    let body = json!({"name": "Once"});
    let before = count(&app, "/v1/accounts").await;
    let mut went_away = 0;
    for number in 0..30 {
        let key = format!("request-{number}");
        let mut request = Box::pin(post(&app, "/v1/accounts", &body, &key));
        let mut is_done = false;
        for _ in 0..=number % 3 {
            is_done = is_done || (&mut request).now_or_never().is_some();
            tokio::task::yield_now().await;
        }
        drop(request);
        went_away += usize::from(!is_done);
        let again = loop {
            let again = post(&app, "/v1/accounts", &body, &key).await;
            if again.status != 409 {
                break again;
            }
            again.problem(409, "request_in_progress");
            tokio::task::yield_now().await;
        };
        again.expect(201);
    }
    assert!(went_away >= 10, "{went_away}");
    assert_eq!(count(&app, "/v1/accounts?limit=100").await, before + 30);
}

#[tokio::test]
async fn a_request_whose_node_died_is_never_handled_again() {
    let app = App::start().await;
    let body = json!({"name": "Once"});
    post(&app, "/v1/accounts", &body, "a").await.expect(201);
    let died = "UPDATE requests SET response = NULL, claimed_at = claimed_at - 120000";
    app.store.run_sql(died).await.unwrap();
    let before = count(&app, "/v1/accounts").await;
    post(&app, "/v1/accounts", &body, "a")
        .await
        .problem(409, "outcome_unknown");
    post(&app, "/v1/accounts", &body, "b").await.expect(201);
    assert_eq!(count(&app, "/v1/accounts").await, before + 1);
}

#[tokio::test]
async fn a_request_that_failed_may_have_taken_effect() {
    let app = App::start().await;
    let connections = format!("{}/connections", app.account().await);
    let connection = json!({"name": "CRM", "type": "bearer", "token": "a"});
    let rename = "ALTER TABLE connections RENAME TO gone";
    app.store.run_sql(rename).await.unwrap();
    let failed = post(&app, &connections, &connection, "a").await;
    failed.problem(500, "internal_error");
    let rename_back = "ALTER TABLE gone RENAME TO connections";
    app.store.run_sql(rename_back).await.unwrap();
    let again = post(&app, &connections, &connection, "a").await;
    again.problem(409, "outcome_unknown");
    post(&app, &connections, &connection, "b").await.expect(201);
}

/// Neither the database nor a backup shows the secrets in kept responses.
#[tokio::test]
async fn kept_responses_are_sealed() {
    let app = App::start().await;
    let key = json!({"name": "A name to find", "permissions": ["read"]});
    let created = post(&app, "/v1/api-keys", &key, "a").await.expect(201);
    let secret = created["key"].as_str().unwrap();
    let mut stored = Vec::new();
    for file in std::fs::read_dir(app.folder()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            stored.extend(std::fs::read(&path).unwrap());
        }
    }
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("A name to find"));
    assert!(!holds(secret));
}
