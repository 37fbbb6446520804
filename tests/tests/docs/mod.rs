//! The documentation at `/docs`: its examples run, and problems lead to its pages.

mod guides;
mod search;

use std::process::{Command, Output};

use http::Method;
use postrider_tests::Server;
use serde_json::{Value, json};

/// Operations whose examples follow one another: each finds what those before it created.
const STORY: [&str; 14] = [
    "create_account",
    "get_account",
    "update_account",
    "put_event_type",
    "create_connection",
    "create_automation",
    "put_automation",
    "list_automations",
    "create_event",
    "get_event",
    "create_event_batch",
    "send_missed",
    "rotate_signing_key",
    "delete_account",
];

#[tokio::test]
async fn examples_in_curl_run_as_they_are() {
    run_the_story("curl", |code| {
        vec!["bash".into(), "-euo".into(), "pipefail".into(), "-c".into(), code]
    })
    .await;
}

#[tokio::test]
async fn examples_in_python_run_as_they_are() {
    run_the_story("python", |code| vec!["python3".into(), "-c".into(), code]).await;
}

/// They use nothing that JavaScript does not have.
#[tokio::test]
async fn examples_in_typescript_run_as_they_are() {
    let module = |code| vec!["node".into(), "--input-type=module".into(), "-e".into(), code];
    run_the_story("typescript", module).await;
}

async fn run_the_story(language: &str, command: impl Fn(String) -> Vec<String>) {
    let server = Server::start();
    let api = server.api();
    for operation in STORY {
        let page = api.with_key(None).get(format!("/docs/api/{operation}")).await;
        let code = code_of(&page.text(), &format!("snippet-{language}"));
        let words = command(code.clone());
        let output = run(&server, &words);
        let (stdout, stderr) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{operation}: {code}\n{stdout}\n{stderr}");
        if language == "curl" && operation != "delete_account" {
            let _: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{operation}: {stdout}"));
        }
    }
}

fn run(server: &Server, words: &[String]) -> Output {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env("POSTRIDER_URL", format!("http://{}", server.address()))
        .env("POSTRIDER_API_KEY", postrider_tests::server::ADMIN_KEY);
    command.output().unwrap()
}

/// The text of a block of code.
fn code_of(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("<code id=\"{id}\">")).unwrap();
    let (code, _) = rest.split_once("</code>").unwrap();
    let pairs = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ];
    let code = pairs
        .iter()
        .fold(code.to_owned(), |code, (from, to)| code.replace(from, to));
    let pairs = [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(code, |code, (from, to)| code.replace(from, to))
}

#[tokio::test]
async fn a_problem_leads_to_its_page() {
    let server = Server::start();
    let api = server.api();
    let problem = api.get("/v1/accounts/nobody").await.expect(404);
    let page = api.with_key(None).get(problem["type"].as_str().unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("When it happens"));
}

#[tokio::test]
async fn below_a_path_a_problem_leads_to_its_page_too() {
    let flags = ["--public-url", "https://example.com/webhooks"];
    let server = Server::start_with(&flags);
    let api = server.api();
    let problem = api.get("/v1/accounts/nobody").await.expect(404);
    let address = problem["type"].as_str().unwrap();
    let path = address.strip_prefix("https://example.com").unwrap();
    assert_eq!(path, "/webhooks/docs/errors/account_not_found");
    assert_eq!(api.with_key(None).get(path).await.status, 200);
    let account = api
        .post("/v1/accounts", json!({"name": "Acme"}))
        .await
        .expect(201);
    let batch = json!({"events": [{"type": "a"}]});
    let path = format!("/v1/accounts/{}/events/batch", account["id"].as_str().unwrap());
    let result = api.post(path, batch).await.expect(202);
    let address = result["data"][0]["error"]["type"].as_str().unwrap();
    assert_eq!(address, "https://example.com/webhooks/docs/errors/invalid_body");
    let document = api
        .with_key(None)
        .get("/webhooks/docs/openapi.json")
        .await
        .expect(200);
    assert_eq!(document["servers"][0]["url"], "https://example.com/webhooks");
}

#[tokio::test]
async fn an_operator_can_hide_the_documentation() {
    let server = Server::start_with(&["--docs=false"]);
    let api = server.api();
    for path in [
        "/docs",
        "/docs/api/create_event",
        "/docs/errors/unauthorized",
        "/docs/openapi.json",
    ] {
        let response = api.with_key(None).call(Method::GET, path).send().await;
        assert_eq!(response.status, 404, "{path}");
    }
    let sign_in = api.with_key(None).get("/sign-in").await.text();
    assert!(!sign_in.contains("/docs"), "{sign_in}");
}
