//! Links that sign customers in.

use http::Method;
use postrider_access::Session;
use postrider_model::{AccountId, Permission, Permissions, Scope, Theme};
use serde_json::{Value, json};

use crate::app::App;

async fn make(app: &App, account: &str, body: &Value) -> Value {
    let path = format!("{account}/portal-link");
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
    app.access.open_link(token).await.unwrap().unwrap().1
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
    let path = format!("{}/portal-link", app.account().await);
    for host in ["", "user@console.example", "a b"] {
        app.call(Method::POST, &path, None, &[("host", host)])
            .await
            .problem(400, "invalid_host");
    }
    app.call(Method::POST, &path, None, &[])
        .await
        .problem(400, "invalid_host");

    let app = App::at("https://webhooks.example").await;
    let path = format!("{}/portal-link", app.account().await);
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
    let path = format!("{}/portal-link", app.account().await);
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
    app.post("/v1/accounts/nobody/portal-link", &json!({}))
        .await
        .problem(404, "account_not_found");
    app.get(&path).await.problem(405, "method_not_allowed");
}
