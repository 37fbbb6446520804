//! `/healthz`, `/readyz`, `/metrics`, `/v1/openapi.json`, and unknown paths.

use postrider_tests::{Account, Receiver, Server};
use serde_json::json;

#[tokio::test]
async fn health_and_readiness_need_no_key() {
    let server = Server::start();
    let api = server.api().with_key(None);
    api.get("/healthz").await.expect(200);
    api.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn metrics_need_no_key_and_count_events_and_attempts() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", "1").await;
    account.wait_for_delivery(&event, "succeeded").await;
    let response = server.api().with_key(None).get("/metrics").await;
    assert_eq!(response.status, 200);
    assert!(
        response.header("content-type").starts_with("text/plain"),
        "{}",
        response.header("content-type")
    );
    let text = response.text();
    let samples: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert!(samples.len() > 5, "{text}");
    for sample in samples {
        let value = sample.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
        assert!(
            (sample.starts_with("postrider_") || sample.starts_with("process_"))
                && matches!(value, Some(Ok(_))),
            "{sample}"
        );
    }
    assert!(
        !text.contains(&account.id),
        "an account in a label would have no bound"
    );
}

#[tokio::test]
async fn the_openapi_document_has_every_row_of_the_table() {
    let server = Server::start();
    let document = server.api().get("/v1/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let account = "/v1/accounts/{account}";
    for (path, methods) in [
        ("/v1/accounts".to_owned(), vec!["get", "post"]),
        (account.to_owned(), vec!["get", "patch", "delete"]),
        (format!("{account}/signing-keys"), vec!["get"]),
        (format!("{account}/signing-keys/rotate"), vec!["post"]),
        (format!("{account}/automations"), vec!["get", "post"]),
        (
            format!("{account}/automations/{{id}}"),
            vec!["get", "patch", "delete"],
        ),
        (format!("{account}/automations/{{id}}/test"), vec!["post"]),
        (format!("{account}/events"), vec!["get", "post"]),
        (format!("{account}/events/batch"), vec!["post"]),
        (format!("{account}/events/{{id}}"), vec!["get"]),
        (format!("{account}/deliveries"), vec!["get"]),
        (format!("{account}/deliveries/{{id}}"), vec!["get"]),
        (format!("{account}/deliveries/{{id}}/resend"), vec!["post"]),
        (format!("{account}/deliveries/replay"), vec!["post"]),
        (format!("{account}/deliveries/cancel"), vec!["post"]),
        ("/v1/event-types".to_owned(), vec!["get"]),
        ("/v1/event-types/{name}".to_owned(), vec!["get", "put", "delete"]),
    ] {
        for method in methods {
            assert!(document["paths"][&path][method].is_object(), "{method} {path}");
        }
    }
}
