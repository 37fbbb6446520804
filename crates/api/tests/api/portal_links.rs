//! Links that sign customers in.

use http::Method;
use postrider_access::{OpenLink, Session};
use postrider_model::By;
use postrider_model::{AccountId, Permission, Permissions, Scope, Theme};
use serde_json::{Value, json};

use crate::app::App;

async fn make(app: &App, account: &str, body: &Value) -> Value {
    let path = format!("{account}/portal-links");
    let headers = [("host", "console.example:8080")];
    let response = app
        .call(Method::POST, &path, Some(&body.to_string()), &headers)
        .await;
    assert_eq!(response.headers["cache-control"], "no-store");
    response.expect(201)
}

/// The session that this link starts.
async fn session(app: &App, link: &Value) -> Session {
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap();
    match app.access.open_link(&By::NODE, token).await.unwrap() {
        OpenLink::Begun(_, session) => session,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_link_gives_a_customer_access_to_only_that_account() {
    let app = App::start().await;
    let path = app.account().await;
    let account: AccountId = path.rsplit('/').next().unwrap().parse().unwrap();
    let link = make(&app, &path, &json!({})).await;
    let url = link["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://console.example:8080/sign-in/prl_"),
        "{url}"
    );
    assert_eq!(
        (&link["read_only"], &link["theme"]),
        (&json!(false), &Value::Null)
    );
    let begun = session(&app, &link).await;
    assert_eq!(begun.caller.scope, Scope::Account(account));
    assert!(begun.caller.permissions.contains(Permission::Manage));
    assert!(!begun.caller.permissions.contains(Permission::Admin));
    assert_eq!(begun.theme, None);

    let body = json!({"expires_in_s": 60, "read_only": true, "theme": "dark"});
    let link = make(&app, &path, &body).await;
    assert_eq!(
        (&link["read_only"], &link["theme"]),
        (&json!(true), &json!("dark"))
    );
    let begun = session(&app, &link).await;
    assert_eq!(begun.caller.permissions, Permissions::of(&[Permission::Read]));
    assert_eq!(begun.theme, Some(Theme::Dark));
}

#[tokio::test]
async fn the_public_url_is_used_in_links_and_invalid_hosts_are_refused() {
    let app = App::start().await;
    let path = format!("{}/portal-links", app.account().await);
    for host in ["", "user@console.example", "a b"] {
        app.call(Method::POST, &path, None, &[("host", host)])
            .await
            .problem(400, "invalid_host");
    }
    app.call(Method::POST, &path, None, &[])
        .await
        .problem(400, "invalid_host");

    let app = App::at("https://webhooks.example").await;
    let path = format!("{}/portal-links", app.account().await);
    let link = app
        .call(Method::POST, &path, None, &[("host", "a b")])
        .await
        .expect(201);
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with("https://webhooks.example/sign-in/prl_"), "{url}");
}

#[tokio::test]
async fn invalid_options_are_refused_with_pointers() {
    let app = App::at("https://webhooks.example").await;
    let path = format!("{}/portal-links", app.account().await);
    for (body, pointer, code) in [
        (json!({"expires_in_s": 59}), "/expires_in_s", "out_of_range"),
        (json!({"expires_in_s": 604_801}), "/expires_in_s", "out_of_range"),
        (json!({"expires_in_s": "1h"}), "/expires_in_s", "wrong_type"),
        (json!({"read_only": 1}), "/read_only", "wrong_type"),
        (json!({"theme": "blue"}), "/theme", "invalid_value"),
        (json!({"expires_in": 60}), "/expires_in", "unknown_member"),
    ] {
        app.post(&path, &body).await.fault(pointer, code);
    }
    app.post("/v1/accounts/nobody/portal-links", &json!({}))
        .await
        .problem(404, "account_not_found");
}

#[tokio::test]
async fn a_link_is_listed_until_it_is_revoked_and_its_sessions_end_with_it() {
    let app = App::start().await;
    let path = app.account().await;
    let links = format!("{path}/portal-links");
    let (first, second) = (
        make(&app, &path, &json!({})).await,
        make(&app, &path, &json!({"read_only": true})).await,
    );
    let listed = app.get(&links).await.expect(200);
    assert_eq!(listed["data"][0]["id"], second["id"]);
    assert_eq!(listed["data"][1]["id"], first["id"]);
    assert!(listed["data"][0]["url"].is_null() && listed["data"][0]["api_key_id"].is_string());

    session(&app, &first).await;
    session(&app, &second).await;
    let sessions = format!("{path}/sessions");
    let begun = app.get(&sessions).await.expect(200);
    assert_eq!(begun["data"].as_array().unwrap().len(), 2);
    assert_eq!(begun["data"][1]["portal_link_id"], first["id"]);

    let revoke = format!("{links}/{}", first["id"].as_str().unwrap());
    assert_eq!(app.delete(&revoke).await.status, 204);
    app.delete(&revoke).await.problem(404, "portal_link_not_found");
    let begun = app.get(&sessions).await.expect(200);
    assert_eq!(begun["data"].as_array().unwrap().len(), 1);
    let end = format!("{sessions}/{}", begun["data"][0]["id"].as_str().unwrap());
    assert_eq!(app.delete(&end).await.status, 204);
    app.delete(&end).await.problem(404, "session_not_found");
    session(&app, &second).await;
    assert_eq!(app.delete(&sessions).await.expect(200), json!({"count": 1}));
}
