//! Which bodies are accepted, on every endpoint that has one.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::app::{App, KEY};

async fn control_endpoints(app: &App) -> Vec<(Method, String)> {
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let automation = format!("{account}/automations/{}", automation["id"].as_str().unwrap());
    vec![
        (Method::POST, "/v1/accounts".to_owned()),
        (Method::PATCH, account.clone()),
        (Method::POST, format!("{account}/signing-keys/rotate")),
        (Method::POST, format!("{account}/automations")),
        (Method::PATCH, automation.clone()),
        (Method::POST, format!("{automation}/test")),
        (Method::POST, format!("{account}/events")),
        (Method::POST, format!("{account}/events/batch")),
        (Method::POST, format!("{account}/deliveries/replay")),
        (Method::POST, format!("{account}/deliveries/cancel")),
        (Method::PUT, "/v1/event-types/a.b".to_owned()),
    ]
}

#[tokio::test]
async fn every_endpoint_refuses_json_of_another_shape() {
    let app = App::start().await;
    for (method, path) in control_endpoints(&app).await {
        let send = async |body: &str| app.call(method.clone(), &path, Some(body), &[]).await;
        let malformed = send("{\n  \"a\": tru\n}").await;
        malformed.problem(400, "malformed_json");
        assert_eq!(
            malformed.json()["position"],
            json!({"line": 2, "column": 8, "offset": 9}),
            "{path}"
        );
        send("{} {}").await.problem(400, "malformed_json");
        send("[]").await.fault("", "wrong_type");
        send("null").await.fault("", "wrong_type");
        assert!(
            send(r#"{"no_such":1}"#).await.expect(422)["errors"][0]["pointer"].is_string(),
            "{path}"
        );
        let twice = send(r#"{"type":"a","type":"b"}"#)
            .await
            .problem(422, "invalid_body");
        assert!(
            ["duplicate_member", "unknown_member"].contains(&&*twice[0].1),
            "{path} {twice:?}"
        );
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(9 * 1024 * 1024));
        send(&large).await.problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn every_endpoint_requires_a_declared_uncompressed_utf_8_body() {
    let app = App::start().await;
    for (method, path) in control_endpoints(&app).await {
        let request = |body: &'static [u8]| {
            Request::builder()
                .method(method.clone())
                .uri(&path)
                .header("authorization", format!("Bearer {KEY}"))
                .body(Body::from(body))
                .unwrap()
        };
        app.send(request(b"{}"))
            .await
            .problem(415, "unsupported_media_type");
        let mut form = request(b"a=b");
        form.headers_mut().insert(
            "content-type",
            "application/x-www-form-urlencoded".parse().unwrap(),
        );
        app.send(form).await.problem(415, "unsupported_media_type");
        let mut latin = request(b"{\"a\":\"\xe9\"}");
        latin
            .headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        let response = app.send(latin).await;
        response.problem(400, "invalid_utf8");
        assert_eq!(response.json()["position"]["offset"], 6);
        let mut gzip = request(b"{}");
        gzip.headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        gzip.headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        app.send(gzip).await.problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn unknown_query_parameters_are_refused_everywhere() {
    let app = App::start().await;
    let account = app.account().await;
    for path in ["/v1/accounts", "/v1/event-types", "/v1/openapi.json", &account] {
        let faults = app
            .get(&format!("{path}?surprise=1"))
            .await
            .problem(400, "invalid_query");
        assert_eq!(faults, [("surprise".to_owned(), "unknown_parameter".to_owned())]);
    }
    for (method, path) in control_endpoints(&app).await {
        let response = app
            .call(method, &format!("{path}?surprise=1"), Some("{}"), &[])
            .await;
        assert!([400, 422].contains(&response.status.as_u16()), "{path}");
    }
}
