//! The catalogue of event types.

use axum::body::Body;
use http::Request;
use postrider_engine::{EngineSettings, UnseenTypes};
use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn an_event_type_is_created_replaced_and_deleted() {
    let app = App::start().await;
    let path = "/v1/event-types/proposal.accepted";
    app.get(path).await.problem(404, "event_type_not_found");
    let body = json!({"description": "Yes!", "example": {"n": 1}, "schema": {"type": "object"}});
    let created = app.put(path, &body).await;
    assert_eq!(created.headers["location"], path);
    let created = created.expect(201);
    assert_eq!(
        (&created["name"], &created["example"]),
        (&json!("proposal.accepted"), &json!({"n": 1}))
    );

    let replaced = app.put(path, &json!({})).await.expect(200);
    assert_eq!(
        (&replaced["description"], &replaced["schema"]),
        (&json!(""), &json!(null))
    );
    assert_eq!(replaced["created_at"], created["created_at"]);
    assert_eq!(
        app.get("/v1/event-types").await.expect(200)["data"],
        json!([replaced])
    );
    app.delete(path).await.expect(204);
    app.delete(path).await.problem(404, "event_type_not_found");
}

#[tokio::test]
async fn names_schemas_and_members_are_checked() {
    let app = App::start().await;
    for name in ["a%20b", "%C3%A9", "a*", &"x".repeat(129)] {
        app.put(&format!("/v1/event-types/{name}"), &json!({}))
            .await
            .problem(400, "invalid_event_type");
    }
    app.put("/v1/event-types/a", &json!({"schema": {"type": 7}}))
        .await
        .fault("/schema", "invalid_value");
    app.put("/v1/event-types/a", &json!({"schema": "object"}))
        .await
        .fault("/schema", "invalid_value");
    app.put("/v1/event-types/a", &json!({"description": 1}))
        .await
        .fault("/description", "wrong_type");
    app.put("/v1/event-types/a", &json!({"description": "x".repeat(4_097)}))
        .await
        .fault("/description", "too_long");
    app.put("/v1/event-types/a", &json!({"schma": {}}))
        .await
        .fault("/schma", "unknown_member");
    app.get("/v1/event-types/a")
        .await
        .problem(404, "event_type_not_found");
}

#[tokio::test]
async fn event_data_must_match_the_schema_of_its_type() {
    let app = App::start().await;
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    app.put("/v1/event-types/a", &json!({"schema": schema}))
        .await
        .expect(201);
    let events = format!("{}/events", app.account().await);
    app.post(&events, &json!({"type": "a", "data": {"n": 1}}))
        .await
        .expect(202);
    let faults = app
        .post(&events, &json!({"type": "a", "data": {"n": "1"}}))
        .await
        .problem(422, "schema_violation");
    assert_eq!(faults, [("/data/n".to_owned(), "schema_violation".to_owned())]);
}

#[tokio::test]
async fn new_event_types_enter_the_catalogue_or_are_refused() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    app.post(&events, &json!({"type": "new.type", "data": 1}))
        .await
        .expect(202);
    app.get("/v1/event-types/new.type").await.expect(200);

    let strict = App::with(EngineSettings {
        unseen_types: UnseenTypes::Refuse,
        ..EngineSettings::default()
    })
    .await;
    let events = format!("{}/events", strict.account().await);
    let faults = strict
        .post(&events, &json!({"type": "a", "data": 1}))
        .await
        .problem(422, "unknown_event_type");
    assert_eq!(faults, [("/type".to_owned(), "unknown_event_type".to_owned())]);
    strict
        .get("/v1/event-types/a")
        .await
        .problem(404, "event_type_not_found");
}

#[tokio::test]
async fn callers_of_one_account_see_only_the_types_that_are_visible_to_customers() {
    let app = App::start().await;
    let account = app.account().await;
    for (name, body) in [
        ("shown", json!({"description": "Everyone sees it."})),
        ("hidden", json!({"description": "Staff only.", "visible": false})),
    ] {
        let put = app
            .put(&format!("/v1/event-types/{name}"), &body)
            .await
            .expect(201);
        assert_eq!(put["visible"], body.get("visible").is_none());
    }
    let event = json!({"type": "of.another.customer", "data": {}});
    app.post(&format!("{account}/events"), &event).await.expect(202);
    let unseen = app.get("/v1/event-types/of.another.customer").await.expect(200);
    assert_eq!(unseen["visible"], false);

    let id = account.rsplit('/').next().unwrap();
    let body = json!({"name": "Customer", "permissions": ["read"], "account": id});
    let key = app.post("/v1/api-keys", &body).await.expect(201);
    let get = async |path: &str| {
        let request = Request::get(path).header(
            "authorization",
            format!("Bearer {}", key["key"].as_str().unwrap()),
        );
        app.send(request.body(Body::empty()).unwrap()).await
    };
    let listed = get("/v1/event-types").await.expect(200);
    let names: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["shown"]);
    get("/v1/event-types/shown").await.expect(200);
    for hidden in ["hidden", "of.another.customer"] {
        get(&format!("/v1/event-types/{hidden}"))
            .await
            .problem(404, "event_type_not_found");
    }
    let all = app.get("/v1/event-types").await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 3);
}
