//! Bodies that are not JSON, not declared as JSON, or too large.

use http::Method;
use postrider_tests::{Account, ApiResponse, Server};

const MIB: usize = 1 << 20;

async fn accounts_of(server: &Server) -> usize {
    server.api().get("/v1/accounts").await.expect(200)["data"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_position() {
    let server = Server::start();
    for (body, line, column, offset) in [
        ("", 1, 1, 0),
        ("{", 1, 2, 1),
        ("{\"name\": \"A\",\n  \"é\": tru\n}", 2, 8, 22),
        ("{\"name\":\"A\"} x", 1, 14, 13),
        ("{'name':'A'}", 1, 2, 1),
        ("{\"name\":\"A\",}", 1, 13, 12),
    ] {
        let problem = server
            .api()
            .post("/v1/accounts", body)
            .await
            .problem(400, "malformed_json");
        let position = &problem.0["position"];
        let expected = serde_json::json!({"line": line, "column": column, "offset": offset});
        assert_eq!(position, &expected, "{body}: {}", problem.0);
        let detail = problem.0["detail"].as_str().unwrap();
        assert!(
            detail.contains(&format!("line {line}, column {column}")),
            "{detail}"
        );
    }
    assert_eq!(accounts_of(&server).await, 0);
}

#[tokio::test]
async fn malformed_json_in_an_event_is_refused_with_its_position() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for data in [
        "{",
        "[1,]",
        "01",
        "NaN",
        "'a'",
        "\"\u{1}\"",
        "1 2",
        "\"\\x\"",
        "tru",
    ] {
        let problem = account.post_event("a", data).await.problem(400, "malformed_json");
        let offset = problem.0["position"]["offset"].as_u64().unwrap();
        assert!((19..=24).contains(&offset), "{data}: {}", problem.0);
    }
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn a_body_of_invalid_utf_8_is_refused_with_its_position() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let send = async |path: String, body: &'static [u8]| -> ApiResponse {
        account
            .api
            .call(Method::POST, path)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
    };
    let problem = send("/v1/accounts".to_owned(), b"{\"name\":\"\xff\"}")
        .await
        .problem(400, "invalid_utf8");
    assert_eq!(problem.0["position"]["offset"], 9);
    send(account.at("/events"), b"{\"type\":\"a\",\"data\":\"\xc3\"}")
        .await
        .problem(400, "invalid_utf8");
    assert_eq!(
        (accounts_of(&server).await, account.count("events").await),
        (1, 0)
    );
}

#[tokio::test]
async fn a_body_without_a_content_type_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (method, path, body) in [
        (Method::POST, "/v1/accounts".to_owned(), r#"{"name":"A"}"#),
        (Method::PATCH, account.at(""), r#"{"name":"A"}"#),
        (Method::POST, account.at("/events"), r#"{"type":"a","data":1}"#),
        (
            Method::POST,
            account.at("/events/batch"),
            r#"{"events":[{"type":"a","data":1}]}"#,
        ),
        (Method::POST, account.at("/signing-keys/rotate"), "{}"),
        (Method::PUT, "/v1/event-types/a".to_owned(), "{}"),
    ] {
        account
            .api
            .call(method.clone(), &path)
            .body(body)
            .send()
            .await
            .problem(415, "unsupported_media_type");
        let form = account
            .api
            .call(method, &path)
            .header("content-type", "application/x-www-form-urlencoded");
        form.body(body)
            .send()
            .await
            .problem(415, "unsupported_media_type");
    }
    assert_eq!(
        (accounts_of(&server).await, account.count("events").await),
        (1, 0)
    );
    assert_eq!(account.count("signing-keys").await, 1);
}

#[tokio::test]
async fn data_over_the_limit_is_refused_and_data_at_the_limit_is_not() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let limit = 256 * 1024;
    let exactly = format!("\"{}\"", "x".repeat(limit - 2));
    account.post_event("a", &exactly).await.expect(202);
    let over = format!("\"{}\"", "x".repeat(limit - 1));
    account
        .post_event("a", &over)
        .await
        .problem(413, "data_too_large")
        .at("/data", "too_long");
    assert_eq!(account.count("events").await, 1);
}

#[tokio::test]
async fn the_limit_on_data_is_a_setting() {
    let server = Server::start_with(&["--body-limit", "1KiB"]);
    let account = Account::create(server.api()).await;
    account
        .post_event("a", &format!("\"{}\"", "x".repeat(1_022)))
        .await
        .expect(202);
    account
        .post_event("a", &format!("\"{}\"", "x".repeat(1_023)))
        .await
        .problem(413, "data_too_large");
}

#[tokio::test]
async fn an_oversized_body_is_refused_and_not_stored() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    account
        .post_event("a", &format!("\"{}\"", "x".repeat(MIB)))
        .await
        .problem(413, "body_too_large");
    let name = serde_json::json!({"name": "x".repeat(MIB)});
    account
        .api
        .post("/v1/accounts", name)
        .await
        .problem(413, "body_too_large");
    let padded = format!(r#"{{"type":"a","data":1}}{}"#, " ".repeat(MIB));
    account
        .api
        .post(account.at("/events"), padded)
        .await
        .problem(413, "body_too_large");
    assert_eq!(
        (accounts_of(&server).await, account.count("events").await),
        (1, 0)
    );
}

#[tokio::test]
async fn nesting_up_to_500_is_accepted_and_deeper_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    account.post_event("a", &nested(500)).await.expect(202);
    account
        .post_event("a", &nested(501))
        .await
        .problem(422, "invalid_body")
        .at("/data", "too_deep");
    account
        .post_event("a", &nested(100_000))
        .await
        .problem(422, "invalid_body")
        .at("/data", "too_deep");
    let objects = format!("{}1{}", r#"{"a":"#.repeat(501), "}".repeat(501));
    account
        .post_event("a", &objects)
        .await
        .problem(422, "invalid_body")
        .at("/data", "too_deep");
    // As text, because the parser of the tests rejects this depth.
    let stored = account.api.get(account.at("/events")).await.text();
    assert_eq!(stored.matches("evt_").count(), 1);
    let metadata = format!(r#"{{"name":"A","metadata":{{"m":{}}}}}"#, nested(600));
    account
        .api
        .post("/v1/accounts", metadata)
        .await
        .problem(422, "invalid_body");
    assert_eq!(accounts_of(&server).await, 1);
}
