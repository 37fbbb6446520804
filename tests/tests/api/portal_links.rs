//! `POST /v1/accounts/{account}/portal-links`

use http::Method;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

/// The token at the end of a link.
fn token(link: &Value) -> &str {
    let url = link["url"].as_str().unwrap();
    url.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn a_link_is_shown_once_with_its_scope_and_expiry() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let path = account.at("/portal-links");
    let response = account.api.post(&path, json!({})).await;
    assert_eq!(response.header("cache-control"), "no-store");
    let link = response.expect(201);
    let members: Vec<_> = link.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "url",
            "id",
            "read_only",
            "theme",
            "api_key_id",
            "created_at",
            "expires_at"
        ]
    );
    assert_eq!(
        (&link["read_only"], &link["theme"]),
        (&json!(false), &Value::Null)
    );
    let time = link["expires_at"].as_str().unwrap();
    assert!(
        time.len() == 24 && time.ends_with('Z'),
        "RFC 3339 with ms: {time}"
    );

    let body = json!({"expires_in_s": 604_800, "read_only": true, "theme": "light"});
    let other = account.api.post(&path, body).await.expect(201);
    assert_eq!(
        (&other["read_only"], &other["theme"]),
        (&json!(true), &json!("light"))
    );
    assert!(other["expires_at"].as_str() > Some(time), "it lasts longer");
    assert_ne!(token(&link), token(&other));
    // The body is optional.
    let plain = account.api.call(Method::POST, &path).send().await.expect(201);
    assert_eq!(plain["read_only"], false);
    server.stop();
    let lines = server.log().lines();
    assert!(
        !lines.iter().any(|line| line.contains("prl_")),
        "no token is logged"
    );
}

#[tokio::test]
async fn a_link_leads_to_the_public_url_or_else_to_the_host_of_the_request() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let path = account.at("/portal-links");
    let link = account.api.post(&path, json!({})).await.expect(201);
    let here = format!("http://{}/sign-in/{}", server.address(), token(&link));
    assert_eq!(link["url"], here);
    assert!(token(&link).starts_with("prl_") && token(&link).len() == 47);
    let call = account
        .api
        .call(Method::POST, &path)
        .header("host", "hooks.example:81");
    let link = call.send().await.expect(201);
    assert_eq!(
        link["url"],
        format!("http://hooks.example:81/sign-in/{}", token(&link))
    );
    for host in ["user@hooks.example", "hooks example", "hooks.example/path"] {
        let call = account.api.call(Method::POST, &path).header("host", host);
        call.send().await.problem(400, "ambiguous_request");
    }

    server.stop();
    server.start_again_with(&["--public-url", "https://hooks.example/"]);
    let account = account.through(server.api());
    let call = account
        .api
        .call(Method::POST, &path)
        .header("host", "other.example");
    let link = call.send().await.expect(201);
    assert_eq!(
        link["url"],
        format!("https://hooks.example/sign-in/{}", token(&link))
    );
}
