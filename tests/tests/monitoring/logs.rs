//! The log: every kind of line, its bounds, and what is never in it.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::{Value, json};

use super::page::text_of;

/// The path of a receiver, with a query that may be a secret.
const HOOK: &str = "/down?token=query-of-a-url";

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn parsed(server: &Server) -> Vec<Value> {
    let lines = server.log().lines();
    let parsed = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}")));
    parsed.collect()
}

/// Lines with this message.
fn with_message<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

fn json_server(flags: &[&str]) -> Server {
    let mut all = vec!["--allow-destination", "127.0.0.0/8", "--log-format", "json"];
    all.extend(flags);
    Server::start_with(&all)
}

/// Makes the server write a line of every kind of the page: requests with and without a key, a delivery that
/// fails after a retry, changes, a flood.
async fn use_everything(server: &Server) -> Account {
    let receiver = Receiver::start().await;
    receiver.respond_with(HOOK, |_| Reply::status(503));
    let api = server.api();
    let created = api
        .post("/v1/accounts", json!({"name": "Acme", "uid": "customer-42"}))
        .await
        .expect(201);
    let id = created["id"].as_str().unwrap().to_owned();
    let account = Account {
        api: api.clone(),
        id: "customer-42".to_owned(),
    };
    account.automation_with_delays(&receiver.url(HOOK), &[1]).await;
    let event = api
        .call_with(
            http::Method::POST,
            account.at("/events"),
            json!({"type": "a", "data": "data-of-an-event"}),
        )
        .header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .send()
        .await
        .expect(202);
    let event = event["id"].as_str().unwrap().to_owned();
    let by_id = Account { api: api.clone(), id };
    by_id.wait_for_delivery(&event, "failed").await;
    api.with_key(Some("prk_a-key-that-is-not-valid"))
        .get("/v1/accounts?q=query-of-a-request")
        .await
        .expect(401);
    api.with_key(None).get("/sign-in/token-of-a-link").await;
    by_id
}

#[tokio::test]
async fn the_page_of_the_log_shows_lines_as_the_server_writes_them() {
    let mut server = json_server(&["--log-requests", "info,5/s"]);
    use_everything(&server).await;
    for _ in 0..60 {
        server.api().get("/v1/accounts").await.expect(200);
    }
    server.stop();
    let mut lines = parsed(&server);
    lines.push(failed_start());
    let page = text_of("docs/operating/logs.md");
    let examples: Vec<&str> = page.lines().filter(|line| line.starts_with("{\"")).collect();
    assert!(examples.len() > 8, "{}", examples.len());
    for example in examples {
        let example: Value = serde_json::from_str(example).unwrap();
        let fields =
            |line: &Value| -> BTreeSet<String> { line.as_object().unwrap().keys().cloned().collect() };
        let is_like = |line: &&Value| {
            let same = |field: &str| line[field] == example[field];
            same("message") && same("level") && same("target") && fields(line) == fields(&example)
        };
        let found = lines.iter().find(is_like);
        let similar = with_message(&lines, example["message"].as_str().unwrap());
        assert!(found.is_some(), "no line like {example}; there are {similar:#?}");
    }
}

/// The last line of a server whose port is in use.
fn failed_start() -> Value {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut server = Server::stopped();
    let (status, _) = server.start_that_fails(&["--log-format", "json", "--metrics-listen", &address]);
    assert!(!status.success());
    parsed(&server).pop().unwrap()
}

#[tokio::test]
async fn every_line_of_a_json_log_is_json_to_the_last() {
    // Its first start creates the keys, which a text log shows on standard output.
    let mut server = Server::stopped().without_master_key();
    server.withhold_admin_key();
    server.start_again_with(&["--log-format", "json"]);
    server.api().get("/v1/accounts").await.expect(401);
    server.stop();
    let lines = parsed(&server);
    assert_eq!(lines.first().unwrap()["message"], "starting");
    assert_eq!(lines.last().unwrap()["message"], "stopped");
    let key = "the operator's API key is in a file; move it to a safe place";
    assert_eq!(with_message(&lines, key).len(), 1);
    let text = server.log().lines().join("\n");
    assert!(!text.contains("prk_"), "a key is in the log");
}

#[tokio::test]
async fn a_json_log_stays_json_if_the_server_cannot_start() {
    assert_eq!(failed_start()["message"], "the server failed");
    // Before the settings are known.
    let mut server = Server::stopped();
    let (status, _) = server.start_that_fails(&["--log-format", "json", "--smtp-user", "x"]);
    assert!(!status.success());
    let lines = parsed(&server);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0]["error"].as_str().unwrap().contains("smtp_url"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn neither_secrets_nor_queries_nor_data_are_in_the_log() {
    let mut server = json_server(&["--log-level", "debug", "--log-requests", "debug"]);
    let account = use_everything(&server).await;
    let secret = account.secret().await;
    server.stop();
    let text = server.log().lines().join("\n");
    for needle in [
        "query-of-a-url",
        "query-of-a-request",
        "token-of-a-link",
        "data-of-an-event",
        "a-key-that-is-not-valid",
        postrider_tests::server::ADMIN_KEY,
        postrider_tests::server::MASTER_KEY,
        &secret,
        "/down",
    ] {
        let line = text.lines().find(|line| line.contains(needle));
        assert_eq!(line, None, "{needle} is in the log");
    }
    assert!(text.contains("/sign-in/{token}"));
}

#[tokio::test]
async fn requests_have_the_ids_of_their_caller_and_of_their_trace() {
    let mut server = json_server(&[]);
    let account = use_everything(&server).await;
    let response = server
        .api()
        .call(http::Method::GET, account.at(""))
        .header("x-request-id", "chosen-by-the-client")
        .header("traceparent", "00-not-a-trace")
        .send()
        .await;
    assert_eq!(response.header("x-request-id"), "chosen-by-the-client");
    server.stop();
    let lines = parsed(&server);
    let requests = with_message(&lines, "request");
    let of_trace: Vec<_> = requests.iter().filter(|line| line["trace_id"] == TRACE).collect();
    assert_eq!(of_trace.len(), 1);
    assert_eq!(of_trace[0]["route"], "/v1/accounts/{account}/events");
    assert_eq!(of_trace[0]["account"], "customer-42");
    let chosen = requests
        .iter()
        .find(|line| line["request_id"] == "chosen-by-the-client")
        .unwrap();
    assert_eq!(
        (chosen["trace_id"].clone(), chosen["caller"].clone()),
        (Value::Null, "api_key".into())
    );
    // A change and its request have the same id.
    let created = with_message(&lines, "audit");
    let created = created
        .iter()
        .find(|line| line["action"] == "automation.created")
        .unwrap();
    let request = requests
        .iter()
        .find(|line| line["request_id"] == created["request_id"])
        .unwrap();
    assert_eq!(request["route"], "/v1/accounts/{account}/automations");
}

#[tokio::test]
async fn a_change_is_logged_once_and_only_if_it_was_made() {
    let mut server = json_server(&[]);
    let account = json!({"name": "Acme", "uid": "customer-42"});
    server.api().post("/v1/accounts", &account).await.expect(201);
    server.api().post("/v1/accounts", &account).await.expect(409);
    server.stop();
    let lines = parsed(&server);
    let created = with_message(&lines, "audit");
    let created = created.iter().filter(|line| line["action"] == "account.created");
    assert_eq!(created.filter(|line| line["actor_kind"] == "api_key").count(), 1);
}

#[tokio::test]
async fn each_kind_of_line_has_a_level_of_its_own() {
    let mut server = json_server(&[
        "--log-requests",
        "warn",
        "--log-attempts",
        "warn",
        "--log-audit",
        "off",
    ]);
    use_everything(&server).await;
    server.stop();
    let lines = parsed(&server);
    assert!(
        with_message(&lines, "request")
            .iter()
            .all(|line| line["level"] == "WARN")
    );
    assert_eq!(with_message(&lines, "an attempt failed").len(), 0);
    assert_eq!(with_message(&lines, "the last attempt failed").len(), 1);
    assert_eq!(with_message(&lines, "audit").len(), 0);
}

#[tokio::test]
async fn a_flood_of_requests_is_bounded_and_hides_no_failure() {
    let mut server = json_server(&["--log-requests", "info,10/s"]);
    let api = server.api();
    let began = std::time::Instant::now();
    for _ in 0..300 {
        api.get("/v1/accounts").await.expect(200);
    }
    api.get("/v1/accounts/missing").await.expect(404);
    let seconds = began.elapsed().as_secs() as usize + 2;
    let counted = until("the metric counts what was left out", SOON, async || {
        let text = api.get("/metrics").await.text();
        let line = "postrider_log_lines_left_out_total{kind=\"request\"} ";
        let left_out = text
            .lines()
            .find_map(|found| found.strip_prefix(line)?.parse::<usize>().ok());
        left_out.filter(|left_out| *left_out > 0)
    })
    .await;
    server.stop();
    let lines = parsed(&server);
    let requests = with_message(&lines, "request");
    let plain = requests.iter().filter(|line| line["level"] == "INFO").count();
    assert!(plain <= 10 * seconds, "{plain} lines in {seconds} s");
    assert!(
        requests.iter().any(|line| line["status"] == 404),
        "the failure is missing"
    );
    let reported = with_message(&lines, "lines were left out of the log");
    let reported: u64 = reported.iter().filter_map(|line| line["left_out"].as_u64()).sum();
    assert_eq!(
        reported as usize, counted,
        "what is reported is what the metric counts"
    );
    assert_eq!(plain + counted, 300);
    assert!(Duration::from_secs(60) > began.elapsed());
}

#[tokio::test]
async fn requests_of_strangers_hide_no_failure_of_a_known_caller() {
    let mut server = json_server(&["--log-requests", "info,5/s"]);
    let api = server.api();
    let stranger = api.with_key(Some("prk_a-key-that-is-not-valid"));
    for _ in 0..60 {
        stranger.get("/v1/accounts").await.expect(401);
    }
    // Within the same second as the last of them, or in the one after it.
    api.get("/v1/accounts/missing").await.expect(404);
    server.stop();
    let lines = parsed(&server);
    let requests = with_message(&lines, "request");
    let strangers = requests.iter().filter(|line| line["status"] == 401).count();
    assert!(strangers < 60, "the flood was not bounded");
    assert!(
        requests.iter().any(|line| line["status"] == 404),
        "the failure is missing"
    );
}

#[tokio::test]
async fn an_api_key_in_the_place_of_an_account_is_not_in_the_log() {
    let mut server = json_server(&[]);
    let api = server.api();
    let key = postrider_tests::server::ADMIN_KEY;
    api.get(&format!("/v1/accounts/{key}/events")).await.expect(404);
    api.with_key(None)
        .get(&format!("/v1/accounts/{key}/events"))
        .await
        .expect(401);
    server.stop();
    let text = server.log().lines().join("\n");
    assert!(text.contains("/v1/accounts/{account}/events"));
    assert!(!text.contains(key), "the key is in the log");
}
