//! Connections: attempts authenticate with the connection as it is when they start, and fetch access tokens
//! within their own time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use postrider_configuration::ConnectionDraft;
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::custom_header::MASK;
use postrider_model::{Attempt, Connection, ConnectionType, DeliveryStatus, Exchange, HttpExchange, Outcome};

use crate::support::{BY, Fixture, Node, folder, life, refused, status, webhook};

pub const URL: &str = "https://receiver.example/hook";
pub const TOKEN_URL: &str = "https://id.example/token";

/// A node whose requests this script answers, and an account whose action uses a connection.
pub async fn scene(
    folder: &std::path::Path,
    connection: ConnectionDraft,
    script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
) -> (Node, Fixture, Connection) {
    let node = Node::start(folder, 0, EngineSettings::default(), script).await;
    scene_on(node, connection).await
}

/// An account of this node whose action uses a connection.
pub async fn scene_on(node: Node, connection: ConnectionDraft) -> (Node, Fixture, Connection) {
    let fixture = node.account(&[URL]).await;
    let created = node
        .configuration
        .create_connection(&BY, fixture.account, connection);
    let connection = created.await.unwrap();
    node.edit(&fixture, |automation| {
        webhook(&mut automation.actions[0]).connection_id = Some(connection.id.to_string());
    })
    .await;
    (node, fixture, connection)
}

pub fn bearer(token: &str) -> ConnectionDraft {
    ConnectionDraft {
        token: Some(token.to_owned()),
        ..ConnectionDraft::new("CRM", ConnectionType::Bearer)
    }
}

pub fn oauth2() -> ConnectionDraft {
    ConnectionDraft {
        token_url: Some(TOKEN_URL.to_owned()),
        client_id: Some("me".to_owned()),
        client_secret: Some("the-secret-of-the-client".to_owned()),
        ..ConnectionDraft::new("CRM", ConnectionType::OAuth2)
    }
}

/// A token endpoint's response, with a token that names its request.
pub fn issued(number: usize) -> Response {
    let body =
        format!(r#"{{"access_token":"access-token-{number}","token_type":"Bearer","expires_in":3600}}"#);
    Response {
        body: Bytes::from(body),
        ..status(200)
    }
}

fn echo(code: u16, request: &Request) -> Response {
    let authorization = request.headers.iter().find(|(name, _)| name == "Authorization");
    let value = authorization.map(|(_, value)| value.clone()).unwrap_or_default();
    Response {
        body: Bytes::from(format!("you sent {value}")),
        ..status(code)
    }
}

pub async fn attempts(node: &Node, fixture: &Fixture) -> Vec<Attempt> {
    let delivery = node.wait_until_settled(fixture.account).await.remove(0);
    let record = node.store.record(fixture.key(&delivery)).await.unwrap();
    record.unwrap().attempts
}

pub fn http(attempt: &Attempt) -> &HttpExchange {
    let Exchange::Http(http) = &attempt.exchange else {
        panic!("no HTTP");
    };
    http
}

pub fn authorizations(node: &Node, url: &str) -> Vec<String> {
    let seen = node.seen().into_iter().filter(|seen| seen.request.url == url);
    seen.map(|seen| seen.header("Authorization").to_owned()).collect()
}

#[test]
fn an_attempt_uses_the_connection_of_its_moment_and_the_record_never_shows_it() {
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| {
            let code = if earlier < 1 { 500 } else { 200 };
            (Duration::ZERO, echo(code, request))
        };
        let (node, fixture, connection) = scene(folder.path(), bearer("the-first-token"), script).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let edited = bearer("the-second-token");
        let saved = node
            .configuration
            .update_connection(&BY, fixture.account, connection, edited);
        saved.await.unwrap();
        let attempts = attempts(&node, &fixture).await;
        assert_eq!(
            authorizations(&node, URL),
            ["Bearer the-first-token", "Bearer the-second-token"]
        );
        for attempt in &attempts {
            let http = http(attempt);
            let shown = http
                .request
                .headers
                .iter()
                .find(|(name, _)| name == "Authorization");
            assert_eq!(shown.unwrap().1, MASK);
            let body = &http.response.as_ref().unwrap().body;
            assert_eq!(&body[..], format!("you sent {MASK}").as_bytes());
            assert!(!format!("{attempt:?}").contains("-token"), "{attempt:?}");
        }
    });
}

#[test]
fn a_token_is_fetched_once_and_used_until_shortly_before_its_end() {
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::from_secs(1), issued(earlier + 1)),
            _ => (Duration::ZERO, status(200)),
        };
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        for _ in 0..5 {
            node.accept(fixture.account).await;
        }
        node.wait_until_settled(fixture.account).await;
        assert_eq!(authorizations(&node, URL), vec!["Bearer access-token-1"; 5]);
        assert_eq!(node.times(TOKEN_URL).len(), 1);
        tokio::time::sleep(Duration::from_secs(3_500)).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.times(TOKEN_URL).len(), 1);
        tokio::time::sleep(Duration::from_secs(60)).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(
            authorizations(&node, URL).last().unwrap(),
            "Bearer access-token-2"
        );
    });
}

#[test]
fn a_401_to_a_token_from_memory_is_repeated_once_with_a_new_token() {
    let folder = folder();
    life(async {
        static IS_REVOKED: AtomicBool = AtomicBool::new(false);
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::ZERO, issued(earlier + 1)),
            _ => {
                let is_first = request
                    .headers
                    .iter()
                    .any(|(_, value)| value == "Bearer access-token-1");
                let code = if is_first && IS_REVOKED.load(Ordering::Relaxed) {
                    401
                } else {
                    200
                };
                (Duration::ZERO, echo(code, request))
            }
        };
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        IS_REVOKED.store(true, Ordering::Relaxed);
        node.accept(fixture.account).await;
        let attempts = attempts(&node, &fixture).await;
        assert_eq!(
            authorizations(&node, URL),
            [
                "Bearer access-token-1",
                "Bearer access-token-1",
                "Bearer access-token-2"
            ]
        );
        assert_eq!(attempts.len(), 1, "it is one attempt");
        assert_eq!(attempts[0].outcome, Outcome::Succeeded);
        assert!(!format!("{attempts:?}").contains("access-token"));
        let repeated: Vec<_> = node
            .seen()
            .into_iter()
            .rev()
            .filter(|it| it.request.url == URL)
            .take(2)
            .collect();
        assert_eq!(repeated[0].header("webhook-id"), repeated[1].header("webhook-id"));
        assert_eq!(repeated[0].request.body, repeated[1].request.body);
    });
}

#[test]
fn a_receiver_that_refuses_every_token_gets_at_most_two_requests_an_attempt() {
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::ZERO, issued(earlier + 1)),
            _ => (Duration::ZERO, status(401)),
        };
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        node.accept(fixture.account).await;
        let attempts = attempts(&node, &fixture).await;
        assert_eq!(attempts.len(), 3);
        for attempt in &attempts {
            assert_eq!(attempt.outcome, Outcome::BadStatus);
            assert_eq!(http(attempt).response.as_ref().unwrap().status, 401);
        }
        // The first fetched its token itself, and so repeats nothing.
        assert_eq!(authorizations(&node, URL).len(), 5);
        assert_eq!(node.times(TOKEN_URL).len(), 3);
    });
}

#[test]
fn a_token_endpoint_that_fails_is_a_failed_attempt_that_says_so_and_sends_nothing() {
    type Respond = fn() -> (Duration, Response);
    let cases: [(Respond, Outcome, &str); 4] = [
        (
            || (Duration::ZERO, status(401)),
            Outcome::ProtocolError,
            "No access token: the token endpoint responded HTTP 401",
        ),
        (
            || (Duration::ZERO, refused(Outcome::ConnectError)),
            Outcome::ConnectError,
            "No access token: the token endpoint: scripted",
        ),
        (
            || (Duration::ZERO, status(302)),
            Outcome::ProtocolError,
            "No access token: the token endpoint responded HTTP 302, and redirects are not followed",
        ),
        (
            || (Duration::from_secs(600), status(200)),
            Outcome::Timeout,
            "No access token: the token endpoint: scripted",
        ),
    ];
    for (response, outcome, error) in cases {
        let folder = folder();
        life(async {
            let script = move |request: &Request, _: usize| {
                assert_eq!(request.url, TOKEN_URL, "nothing goes to the receiver");
                response()
            };
            let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
            node.accept(fixture.account).await;
            let attempts = attempts(&node, &fixture).await;
            assert_eq!(attempts.len(), 3, "each spends an attempt");
            for attempt in &attempts {
                assert_eq!(
                    (attempt.outcome, attempt.error.as_deref()),
                    (outcome, Some(error))
                );
                let http = http(attempt);
                assert_eq!((&*http.request.url, &http.response), (URL, &None));
                assert!(http.request.headers.is_empty());
            }
            let deliveries = node.deliveries(fixture.account).await;
            assert_eq!(deliveries[0].progress.status, DeliveryStatus::Failed);
        });
    }
}

#[test]
fn fetching_a_token_takes_its_time_from_the_attempts_timeout() {
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::from_secs(9), issued(earlier + 1)),
            _ => (Duration::from_secs(60), status(200)),
        };
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        node.accept(fixture.account).await;
        let attempts = attempts(&node, &fixture).await;
        assert_eq!(attempts[0].outcome, Outcome::Timeout);
        assert_eq!(attempts[0].duration.as_secs(), 15, "{:?}", attempts[0].duration);
        let sent = node.seen().into_iter().find(|seen| seen.request.url == URL);
        assert_eq!(sent.unwrap().request.timeout.as_secs(), 6);
    });
}

#[test]
fn a_connection_that_was_edited_to_set_a_header_of_the_signature_sends_nothing() {
    let folder = folder();
    life(async {
        let header = |name: &str| ConnectionDraft {
            header_name: Some(name.to_owned()),
            header_value: Some("sha256=0".to_owned()),
            ..ConnectionDraft::new("CRM", ConnectionType::Header)
        };
        let script = |_: &Request, _: usize| (Duration::ZERO, status(200));
        let (node, fixture, connection) = scene(folder.path(), header("X-Key"), script).await;
        node.edit(&fixture, |automation| {
            webhook(&mut automation.actions[0]).signature_profile = Some("github".to_owned());
        })
        .await;
        let edited = header("X_Hub_Signature_256");
        let saved = node
            .configuration
            .update_connection(&BY, fixture.account, connection, edited);
        saved.await.unwrap();
        node.accept(fixture.account).await;
        let attempts = attempts(&node, &fixture).await;
        let error = "The connection cannot be used: The signature profile sets the same header";
        assert_eq!(
            (attempts[0].outcome, attempts[0].error.as_deref()),
            (Outcome::ProtocolError, Some(error))
        );
        assert!(node.seen().is_empty());
    });
}
