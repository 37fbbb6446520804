//! Responses that are not those of the API: redirects, and the pages of proxies.

use super::*;

const APPLICATIONS: &str = "/api/v1/app?limit=250";

#[tokio::test]
async fn no_redirect_is_followed_because_the_api_key_would_go_along() {
    let moved = Move::from("{}").await;
    let elsewhere = moved.receiver.url("/elsewhere");
    for status in [301, 302, 303, 307, 308] {
        let redirect = Reply::status(status).with_header("location", &format!("{elsewhere}?session=secret"));
        moved.sender.respond(APPLICATIONS, [redirect]);
        assert_eq!(
            moved.fail("svix", &[]).await,
            format!("error: GET /api/v1/app: {status} redirects to {elsewhere}, which is not followed\n")
        );
        assert_eq!(moved.receiver.count("/elsewhere?session=secret"), 0);
    }
}

#[tokio::test]
async fn a_response_that_is_no_json_is_shown_with_its_status_its_url_and_its_beginning() {
    let moved = Move::from("{}").await;
    let page = format!("<html>Sign in to the proxy{}", "\u{e9}".repeat(1_000));
    let response = Reply::status(200).with_body(page.clone());
    moved.sender.respond(APPLICATIONS, [response]);
    let beginning: String = page.chars().take(200).collect();
    let url = moved.sender.url("/api/v1/app");
    assert_eq!(
        moved.fail("svix", &[]).await,
        format!("error: GET {url}: 200, but no JSON: {beginning}\n")
    );
}

#[tokio::test]
async fn json_of_another_api_is_named_as_such() {
    let moved = Move::from(r#"{"/api/v1/app?limit=250": {"error": null}}"#).await;
    let url = moved.sender.url("");
    assert_eq!(
        moved.fail("svix", &[]).await,
        format!("error: {url} responds with other JSON than svix does: KeyError('data')\n")
    );
}

#[tokio::test]
async fn an_address_without_a_scheme_is_refused() {
    let moved = Move::from("{}").await;
    let token = moved.file("token");
    let arguments = [
        "svix",
        "--from",
        "api.example.com",
        "--token-file",
        token.to_str().unwrap(),
    ];
    let output = moved.output(&arguments).await;
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: api.example.com: expected a URL that begins with https:// or http://\n"
    );
}
