//! Entity tags, and changes that depend on them.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App};

fn tag_of(response: &ApiResponse) -> String {
    response.headers["etag"].to_str().unwrap().to_owned()
}

async fn change(app: &App, method: Method, path: &str, body: Option<&Value>, tag: &str) -> ApiResponse {
    let body = body.map(Value::to_string);
    app.call(method, path, body.as_deref(), &[("if-match", tag)])
        .await
}

/// An object of each kind, by its path, with a change.
async fn objects(app: &App) -> Vec<(String, Value)> {
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let connection = json!({"name": "CRM", "type": "bearer", "token": "a"});
    let connection = app
        .post(&format!("{account}/connections"), &connection)
        .await
        .expect(201);
    let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
    vec![
        (
            format!("{account}/connections/{}", id(&connection)),
            json!({"name": "Other"}),
        ),
        (
            format!("{account}/automations/{}", id(&automation)),
            json!({"enabled": false}),
        ),
        (account, json!({"name": "Other"})),
    ]
}

#[tokio::test]
async fn an_object_has_the_same_tag_until_it_changes() {
    let app = App::start().await;
    for (path, patch) in objects(&app).await {
        let read = tag_of(&app.get(&path).await);
        assert_eq!(tag_of(&app.get(&path).await), read, "{path}");
        let unchanged = app.patch(&path, &json!({})).await;
        assert_eq!(tag_of(&unchanged), read, "{path}");
        let changed = app.patch(&path, &patch).await;
        assert_ne!(tag_of(&changed), read, "{path}");
        assert_eq!(tag_of(&app.get(&path).await), tag_of(&changed), "{path}");
    }
    let created = app.post("/v1/accounts", &json!({"name": "New"})).await;
    let path = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(tag_of(&app.get(&path).await), tag_of(&created));
}

#[tokio::test]
async fn a_change_that_names_an_old_tag_is_refused_and_changes_nothing() {
    let app = App::start().await;
    for (path, patch) in objects(&app).await {
        let old = tag_of(&app.get(&path).await);
        let current = change(&app, Method::PATCH, &path, Some(&patch), &old).await;
        assert_eq!(current.status, 200, "{path}");
        let before = app.get(&path).await.expect(200);
        for (method, body) in [(Method::PATCH, Some(&patch)), (Method::DELETE, None)] {
            let refused = change(&app, method, &path, body, &old).await;
            refused.problem(412, "precondition_failed");
            assert!(
                refused.json()["detail"]
                    .as_str()
                    .unwrap()
                    .contains(&tag_of(&current))
            );
        }
        assert_eq!(app.get(&path).await.expect(200), before, "{path}");
        let deleted = change(&app, Method::DELETE, &path, None, &tag_of(&current)).await;
        assert_eq!(deleted.status, 204, "{path}");
    }
}

#[tokio::test]
async fn of_changes_at_the_same_time_that_are_based_on_one_tag_one_is_made() {
    let app = App::interleaving().await;
    for (path, _) in objects(&app).await {
        let tag = tag_of(&app.get(&path).await);
        let changes = (0..8).map(|n| {
            let (app, path, tag) = (&app, &path, &tag);
            async move {
                let patch = json!({"name": format!("Name {n}")});
                change(app, Method::PATCH, path, Some(&patch), tag).await.status
            }
        });
        let mut statuses = join_all(changes).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412], "{path}");
    }
}

#[tokio::test]
async fn a_put_with_a_condition_replaces_what_it_names_or_nothing() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = |name: &str| {
        json!({
            "name": name, "trigger": {"event_types": ["a"]},
            "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks"}]
        })
    };
    let path = format!("{account}/automations/tell-the-crm");
    let missing = change(&app, Method::PUT, &path, Some(&automation("A")), "*").await;
    missing.problem(412, "precondition_failed");
    app.get(&path).await.problem(404, "automation_not_found");
    let created = app.put(&path, &automation("A")).await;
    let first = tag_of(&created);
    let replaced = change(&app, Method::PUT, &path, Some(&automation("B")), &first).await;
    assert_eq!(replaced.expect(200)["name"], "B");
    let refused = change(&app, Method::PUT, &path, Some(&automation("C")), &first).await;
    refused.problem(412, "precondition_failed");
    // Another automation with the uid of a deleted one.
    app.delete(&path).await;
    app.put(&path, &automation("A")).await.expect(201);
    let other = change(&app, Method::PUT, &path, Some(&automation("C")), &first).await;
    other.problem(412, "precondition_failed");
}

#[tokio::test]
async fn an_event_type_is_replaced_or_deleted_by_its_tag() {
    let app = App::start().await;
    let path = "/v1/event-types/proposal.sent";
    let described = |text: &str| json!({ "description": text });
    let missing = change(&app, Method::PUT, path, Some(&described("A")), "\"x\"").await;
    missing.problem(412, "precondition_failed");
    let created = app.put(path, &described("A")).await;
    assert_eq!(created.status, 201);
    assert_eq!(tag_of(&app.get(path).await), tag_of(&created));
    let replaced = change(&app, Method::PUT, path, Some(&described("B")), &tag_of(&created)).await;
    assert_eq!(replaced.status, 200);
    let deleted = change(&app, Method::DELETE, path, None, "\"proposal.sent.1\"").await;
    deleted.problem(412, "precondition_failed");
    let deleted = change(&app, Method::DELETE, path, None, &tag_of(&replaced)).await;
    assert_eq!(deleted.status, 204);
}

/// Whether the change was made. One that was not found the object changed, or gone.
fn is_made(response: &ApiResponse) -> bool {
    match response.status.as_u16() {
        200 | 204 => true,
        404 | 412 => false,
        other => panic!("{other}: {}", response.json()),
    }
}

#[tokio::test]
async fn of_an_edit_and_a_deletion_that_are_based_on_one_tag_one_is_made() {
    let app = App::interleaving().await;
    for _ in 0..8 {
        for (path, patch) in objects(&app).await {
            let tag = tag_of(&app.get(&path).await);
            let edit = change(&app, Method::PATCH, &path, Some(&patch), &tag);
            let deletion = change(&app, Method::DELETE, &path, None, &tag);
            let (edited, deleted) = tokio::join!(edit, deletion);
            assert_ne!(is_made(&edited), is_made(&deleted), "{path}");
            let there = app.get(&path).await.status == 200;
            assert_eq!(there, is_made(&edited), "{path}");
        }
        let path = "/v1/event-types/proposal.sent";
        let tag = tag_of(&app.put(path, &json!({"description": "A"})).await);
        let described = json!({"description": "B"});
        let edit = change(&app, Method::PUT, path, Some(&described), &tag);
        let deletion = change(&app, Method::DELETE, path, None, &tag);
        let (edited, deleted) = tokio::join!(edit, deletion);
        assert_ne!(is_made(&edited), is_made(&deleted));
        assert_eq!(app.get(path).await.status == 200, is_made(&edited));
        app.delete(path).await;
    }
}

#[tokio::test]
async fn a_put_that_may_only_create_replaces_nothing() {
    let app = App::interleaving().await;
    let account = app.account().await;
    let automation = json!({
        "name": "Mine", "trigger": {"event_types": ["a"]},
        "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks"}]
    });
    let objects = [
        (
            "/v1/event-types/proposal.sent".to_owned(),
            json!({"description": "Mine"}),
        ),
        (format!("{account}/automations/tell-the-crm"), automation),
    ];
    for (path, object) in objects {
        let put = async || {
            let body = object.to_string();
            app.call(Method::PUT, &path, Some(&body), &[("if-none-match", "*")])
                .await
        };
        let mut statuses: Vec<_> = join_all((0..8).map(|_| put())).await;
        statuses.sort_by_key(|response| response.status);
        let created = tag_of(&statuses[0]);
        assert_eq!(statuses[0].status, 201, "{path}");
        for refused in &statuses[1..] {
            refused.problem(412, "precondition_failed");
        }
        assert_eq!(tag_of(&app.get(&path).await), created, "{path}");
        // Both conditions together never hold.
        let conditions = [("if-none-match", "*"), ("if-match", created.as_str())];
        let body = object.to_string();
        let both = app.call(Method::PUT, &path, Some(&body), &conditions).await;
        both.problem(412, "precondition_failed");
        app.delete(&path).await;
        assert_eq!(put().await.status, 201, "{path}");
    }
}
