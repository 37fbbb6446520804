//! The hosts of connections: an action uses a connection only for URLs of its hosts.

use serde_json::{Value, json};

use crate::app::App;

const AT: &str = "/actions/0/connection_id";
const NOT_FOR_HOST: &str = "connection_not_for_host";

fn bearer(hosts: &Value) -> Value {
    json!({"name": "CRM", "type": "bearer", "token": "a-token", "hosts": hosts})
}

fn automation(url: &str, connection: &Value) -> Value {
    json!({
        "name": "Tell the CRM",
        "trigger": {"event_types": ["proposal.*"]},
        "actions": [{"type": "send_webhook", "url": url, "connection_id": connection}],
    })
}

#[tokio::test]
async fn an_action_with_a_connection_needs_a_url_of_its_hosts() {
    let app = App::start().await;
    let account = app.account().await;
    let hosts = json!(["API.crm.example", "*.hooks.example"]);
    let connection = app.post(&format!("{account}/connections"), &bearer(&hosts)).await;
    let connection = connection.expect(201);
    assert_eq!(connection["hosts"], json!(["api.crm.example", "*.hooks.example"]));
    let id = &connection["id"];
    let list = format!("{account}/automations");
    for url in [
        "https://evil.example/api.crm.example",
        "https://crm.example/",
        "https://hooks.example/",
        "https://api.crm.example.evil.example/",
    ] {
        app.post(&list, &automation(url, id))
            .await
            .fault(AT, NOT_FOR_HOST);
        let draft = json!({"automation": automation(url, id)});
        let preview = app.post(&format!("{list}/preview"), &draft).await;
        preview.fault(&format!("/automation{AT}"), NOT_FOR_HOST);
    }
    for url in ["https://api.crm.example:8443/x", "https://a.b.hooks.example/"] {
        app.post(&list, &automation(url, id)).await.expect(201);
    }
}

#[tokio::test]
async fn an_edit_of_the_url_is_refused_and_one_of_the_hosts_keeps_no_other_edit_from_being_saved() {
    let app = App::start().await;
    let account = app.account().await;
    let connections = format!("{account}/connections");
    let connection = app
        .post(&connections, &bearer(&json!(["crm.example"])))
        .await
        .expect(201);
    let id = connection["id"].as_str().unwrap();
    let body = automation("https://crm.example/hook", &connection["id"]);
    let saved = app
        .post(&format!("{account}/automations"), &body)
        .await
        .expect(201);
    let path = format!("{account}/automations/{}", saved["id"].as_str().unwrap());
    let mut action = saved["actions"][0].clone();
    action["url"] = json!("https://evil.example/hook");
    let moved = json!({"actions": [action]});
    app.patch(&path, &moved).await.fault(AT, NOT_FOR_HOST);
    let connection = format!("{connections}/{id}");
    // More hosts get no stored secret.
    for hosts in [
        json!(["other.example"]),
        json!(["crm.example", "other.example"]),
        json!([]),
        json!(null),
    ] {
        let widened = app.patch(&connection, &json!({"hosts": hosts})).await;
        widened.fault("/token", "value_required");
    }
    let other = json!({"hosts": ["other.example"], "token": "another"});
    let edited = app.patch(&connection, &other).await;
    assert_eq!(edited.expect(200)["hosts"], json!(["other.example"]));
    app.patch(&path, &json!({"name": "Renamed", "enabled": false}))
        .await
        .expect(200);
    app.patch(&path, &moved).await.fault(AT, NOT_FOR_HOST);
    action["url"] = json!("https://other.example/hook");
    app.patch(&path, &json!({"actions": [action]})).await.expect(200);
    let any = json!({"hosts": null, "token": "another"});
    let edited = app.patch(&connection, &any).await.expect(200);
    assert_eq!(edited["hosts"], json!([]), "any host");
    app.patch(&path, &moved).await.expect(200);
}

#[tokio::test]
async fn hosts_that_are_none_are_refused_with_their_place() {
    let app = App::start().await;
    let account = app.account().await;
    let connections = format!("{account}/connections");
    let hosts = json!(["crm.example", "https://crm.example/", "*.com"]);
    let refused = app.post(&connections, &bearer(&hosts)).await;
    let at = |pointer: &str| (pointer.to_owned(), "invalid_value".to_owned());
    let faults = refused.problem(422, "invalid_body");
    assert_eq!(faults, [at("/hosts/1"), at("/hosts/2")]);
    let many: Vec<_> = (0..21).map(|number| format!("a{number}.example")).collect();
    app.post(&connections, &bearer(&json!(many)))
        .await
        .fault("/hosts", "too_many");
    app.post(&connections, &bearer(&json!("crm.example")))
        .await
        .fault("/hosts", "wrong_type");
}
