//! Keys, ids, unknown paths and methods, probes, the document.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::app::{App, KEY};

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_v1_path_needs_a_key_even_an_unknown_one() {
    let app = App::start().await;
    for path in ["/v1/accounts", "/v1/openapi.json", "/v1/nothing", "/v1"] {
        let response = app.send(request(path)).await;
        response.problem(401, "unauthorized");
        assert!(
            response.headers["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Bearer")
        );
    }
    for value in ["Bearer wrong-key-for-tests", "Basic abc", KEY, ""] {
        let mut wrong = request("/v1/accounts");
        wrong
            .headers_mut()
            .insert("authorization", value.parse().unwrap());
        app.send(wrong).await.problem(401, "unauthorized");
    }
    app.get("/v1/accounts").await.expect(200);
}

#[tokio::test]
async fn a_refused_key_stores_nothing() {
    let app = App::start().await;
    let body = json!({"name": "Acme"}).to_string();
    let post = Request::post("/v1/accounts")
        .header("content-type", "application/json")
        .body(Body::from(body));
    app.send(post.unwrap()).await.problem(401, "unauthorized");
    assert_eq!(app.get("/v1/accounts").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let app = App::start().await;
    for path in ["/v1", "/v1/nothing", "/v2/accounts"] {
        app.get(path).await.problem(404, "route_not_found");
    }
    app.send(request("/")).await.problem(404, "route_not_found");
    let slash = app.get("/v1/accounts/").await.expect(404);
    assert!(
        slash["detail"]
            .as_str()
            .unwrap()
            .ends_with("paths do not end with a slash")
    );
    let response = app.call(Method::PUT, "/v1/accounts", None, &[]).await;
    response.problem(405, "method_not_allowed");
    let allowed = response.headers["allow"].to_str().unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
}

#[tokio::test]
async fn every_response_has_a_request_id_and_is_not_cached() {
    let app = App::start().await;
    let response = app.get("/v1/accounts").await;
    assert_eq!(response.headers["x-request-id"].len(), 32);
    assert_eq!(response.headers["cache-control"], "no-store");
    assert_eq!(response.headers["x-content-type-options"], "nosniff");
    let own = app
        .call(Method::GET, "/v1/nothing", None, &[("x-request-id", "my-id.1")])
        .await;
    assert_eq!(own.headers["x-request-id"], "my-id.1");
    let unfit = app
        .call(Method::GET, "/v1/accounts", None, &[("x-request-id", "a b")])
        .await;
    assert_eq!(unfit.headers["x-request-id"].len(), 32);
}

#[tokio::test]
async fn probes_and_metrics_need_no_key_and_a_stopping_node_is_not_ready() {
    let app = App::start().await;
    assert_eq!(
        app.send(request("/healthz")).await.expect(200),
        json!({"status": "ok"})
    );
    assert_eq!(
        app.send(request("/readyz")).await.expect(200),
        json!({"status": "ready"})
    );
    let metrics = app.send(request("/metrics")).await;
    assert!(
        metrics.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    assert_eq!(&metrics.bytes[..], b"some_metric 1\n");

    let account = app.account().await;
    app.engine.stop(std::time::Duration::ZERO).await;
    app.send(request("/readyz")).await.problem(503, "stopping");
    app.send(request("/healthz")).await.expect(200);
    let response = app
        .post(&format!("{account}/events"), &json!({"type": "a", "data": 1}))
        .await;
    response.problem(503, "stopping");
    assert_eq!(response.headers["retry-after"], "1");
}

#[tokio::test]
async fn every_operation_of_the_document_is_served() {
    let app = App::start().await;
    let document = app.get("/v1/openapi.json").await.expect(200);
    assert_eq!(
        document["components"]["securitySchemes"]["api_key"]["scheme"],
        "bearer"
    );
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{account}", "x")
            .replace("{id}", "y")
            .replace("{name}", "z");
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = app.call(method.clone(), &path, None, &[]).await;
            let code =
                serde_json::from_slice::<Value>(&response.bytes).map_or(Value::Null, |v| v["code"].clone());
            assert!(
                code != "route_not_found" && code != "method_not_allowed",
                "{method} {path}"
            );
            assert!(response.status.as_u16() < 500, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn events_get_the_same_response_with_and_without_the_router() {
    let app = App::start().await;
    let account = app.account().await;
    // The router serves a request whose path has an escape.
    let escaped = account.replace('_', "%5F");
    let event = r#"{"type":"a","data":1,"id":"evt_01h455vb4pex5vsknk084sn02q"}"#;
    let batch = format!(r#"{{"events":[{event},{{}}]}}"#);
    app.call(Method::POST, &format!("{account}/events"), Some(event), &[])
        .await
        .expect(202);
    let none: (&str, &str) = ("x-none", "");
    for (status, path, body, header) in [
        (200, "/events", Some(event), none),
        (202, "/events/batch", Some(&*batch), none),
        (400, "/events", Some("{"), none),
        (400, "/events", Some(event), ("idempotency-key", "a b")),
        (400, "/events?a=1", Some(event), none),
        (401, "/events", Some(event), ("authorization", "Bearer another")),
        (400, "0/events", Some(event), none),
        (413, "/events", Some(&*" ".repeat(1_000_000)), none),
        (415, "/events/batch", None, none),
        (422, "/events", Some("{}"), none),
    ] {
        let headers = [("x-request-id", "one"), header];
        let mut responses = Vec::new();
        for account in [&account, &escaped] {
            let url = format!("{account}{path}");
            let response = app.call(Method::POST, &url, body, &headers).await;
            responses.push((response.status.as_u16(), response.headers, response.bytes));
        }
        assert_eq!(responses[0].0, status, "{path} {body:?} {header:?}");
        assert_eq!(responses[0], responses[1]);
    }
}
