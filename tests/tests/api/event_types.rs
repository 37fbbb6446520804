//! `/v1/event-types`

use postrider_tests::{Account, Server};
use serde_json::{Value, json};

#[tokio::test]
async fn an_event_type_is_created_read_updated_and_deleted() {
    let server = Server::start();
    let api = server.api();
    let path = "/v1/event-types/proposal.accepted";
    api.get(path).await.problem(404, "event_type_not_found");
    let schema = json!({"type": "object", "required": ["id"]});
    let body = json!({"description": "A proposal was accepted", "example": {"id": 1}, "schema": schema});
    let put = api.put(path, &body).await;
    assert!(matches!(put.status, 200 | 201), "{}", put.text());
    let shown = api.get(path).await.expect(200);
    assert_eq!(shown["name"], "proposal.accepted");
    for member in ["description", "example", "schema"] {
        assert_eq!(shown[member], body[member], "{member}");
    }
    assert_eq!(
        api.put(path, json!({"description": "Other"})).await.expect(200)["description"],
        "Other"
    );
    let shown = api.get(path).await.expect(200);
    assert_eq!(
        (&shown["example"], &shown["schema"]),
        (&Value::Null, &Value::Null),
        "PUT replaces all of it"
    );
    assert_eq!(api.delete(path).await.status, 204);
    api.get(path).await.problem(404, "event_type_not_found");
    api.delete(path).await.problem(404, "event_type_not_found");
}

#[tokio::test]
async fn a_new_event_type_enters_the_catalogue() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    account.send("brand.new", "1").await;
    assert_eq!(
        account.api.get("/v1/event-types/brand.new").await.expect(200)["name"],
        "brand.new"
    );
    let page = account.api.get("/v1/event-types").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_new_event_type_is_refused_if_the_setting_says_so() {
    let server = Server::start_with(&["--unseen-event-types", "refuse"]);
    let account = Account::create(server.api()).await;
    account
        .post_event("brand.new", "1")
        .await
        .problem(422, "unknown_event_type")
        .at("/type", "unknown_event_type");
    account
        .api
        .get("/v1/event-types/brand.new")
        .await
        .problem(404, "event_type_not_found");
    account.api.put("/v1/event-types/brand.new", "{}").await;
    account.send("brand.new", "1").await;
    assert_eq!(account.count("events").await, 1);
}

#[tokio::test]
async fn data_that_does_not_match_its_schema_is_refused_with_pointers() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let schema = json!({"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["id"]});
    account
        .api
        .put("/v1/event-types/order.paid", json!({"schema": schema}))
        .await;
    let refused = account
        .post_event("order.paid", r#"{"id":1,"total":"ten"}"#)
        .await;
    refused
        .problem(422, "schema_violation")
        .at("/data/total", "schema_violation");
    account
        .post_event("order.paid", "{}")
        .await
        .problem(422, "schema_violation");
    assert_eq!(account.count("events").await, 0);
    account.send("order.paid", r#"{"id":1,"total":10}"#).await;
}
