//! OAuth 2.0 with a real authorization server: its tokens reach the receiver, and are renewed before they end
//! and after a 401.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use postrider_tests::account::attempts_of;
use postrider_tests::identity_provider::{CLIENT_SECRET, IdentityProvider};
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::{Value, json};

use super::create;

/// Longer than any test.
const LONG_S: u32 = 600;

struct Scene {
    server: Server,
    account: Account,
    receiver: Receiver,
    provider: IdentityProvider,
    /// Tokens that the receiver refuses.
    refused: Arc<Mutex<HashSet<String>>>,
}

impl Scene {
    /// A receiver that wants the tokens of a provider, which live for this long.
    async fn start(token_lifetime_s: u32, client_authentication: &str) -> Self {
        let provider = IdentityProvider::start_with_tokens_for(token_lifetime_s);
        provider.register_client(client_authentication).await;
        let server = Server::start();
        let account = Account::create(server.api()).await;
        let receiver = Receiver::start().await;
        let refused: Arc<Mutex<HashSet<String>>> = Arc::default();
        let refuses = Arc::clone(&refused);
        receiver.respond_with("/hook", move |request| {
            let is_refused = refuses
                .lock()
                .unwrap()
                .contains(bearer(request.header("authorization")));
            Reply::status(if is_refused { 401 } else { 204 })
        });
        let connection = json!({
            "name": "Bank", "type": "oauth2", "token_url": format!("{}/token", provider.issuer()),
            "client_id": "postrider", "client_secret": CLIENT_SECRET, "scope": "hooks:write",
            "client_authentication": client_authentication,
        });
        let id = create(&account, &connection).await;
        account
            .automation(json!({"url": receiver.url("/hook"), "connection_id": id}))
            .await;
        Self {
            server,
            account,
            receiver,
            provider,
            refused,
        }
    }

    async fn deliver(&self) -> Value {
        let event = self.account.send("a.b", "1").await;
        self.account.wait_for_delivery(&event, "succeeded").await
    }

    /// The tokens of the requests so far, in order.
    fn tokens(&self) -> Vec<String> {
        let received = self.receiver.received("/hook");
        let tokens = received
            .iter()
            .map(|request| bearer(request.header("authorization")));
        tokens.map(str::to_owned).collect()
    }
}

fn bearer(header: &str) -> &str {
    header.strip_prefix("Bearer ").unwrap_or_default()
}

#[tokio::test]
async fn a_receiver_gets_tokens_of_the_provider_and_a_revoked_one_is_renewed_once() {
    for client_authentication in ["basic", "body"] {
        let mut scene = Scene::start(LONG_S, client_authentication).await;
        scene.deliver().await;
        scene.deliver().await;
        let tokens = scene.tokens();
        assert_eq!(tokens[0], tokens[1], "it is kept");
        let known = scene.provider.introspect(&tokens[0], client_authentication).await;
        assert_eq!(known["active"], true, "{known}");
        assert_eq!(
            (&known["client_id"], &known["scope"]),
            (&json!("postrider"), &json!("hooks:write"))
        );

        scene.provider.revoke(&tokens[0], client_authentication).await;
        scene.refused.lock().unwrap().insert(tokens[0].clone());
        let delivery = scene.deliver().await;
        let attempts = attempts_of(&delivery);
        assert_eq!(attempts.len(), 1, "the renewal is part of the attempt");
        assert_eq!(attempts[0]["status_code"], 204);
        let tokens = scene.tokens();
        assert_eq!(tokens.len(), 4);
        assert_eq!(tokens[2], tokens[0]);
        assert_ne!(tokens[3], tokens[0]);
        let known = scene.provider.introspect(&tokens[3], client_authentication).await;
        assert_eq!(known["active"], true, "{known}");
        let sent = scene.receiver.received("/hook");
        assert_eq!(sent[2].header("webhook-id"), sent[3].header("webhook-id"));

        scene.server.stop();
        let log = scene.server.log().lines().join("\n");
        let record = delivery.to_string();
        for secret in [&tokens[0], &tokens[3], &CLIENT_SECRET.to_owned()] {
            assert!(!log.contains(secret) && !record.contains(secret));
        }
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let scene = Scene::start(2, "basic").await;
    let second = until("a second token is used", SOON, async || {
        scene.deliver().await;
        let tokens = scene.tokens();
        tokens
            .into_iter()
            .collect::<HashSet<_>>()
            .len()
            .gt(&1)
            .then(|| scene.tokens())
    });
    let tokens = second.await;
    let last = tokens.last().unwrap();
    assert_ne!(&tokens[0], last);
    let known = scene.provider.introspect(last, "basic").await;
    assert_eq!(known["active"], true, "no request carries a token that has ended");
}

#[tokio::test]
async fn a_client_that_the_provider_refuses_is_a_failed_attempt_with_the_providers_code() {
    let scene = Scene::start(LONG_S, "basic").await;
    let list = scene
        .account
        .api
        .get(scene.account.at("/connections"))
        .await
        .expect(200);
    let id = list["data"][0]["id"].as_str().unwrap();
    let path = scene.account.at(&format!("/connections/{id}"));
    let wrong = json!({"client_secret": "not-the-secret"});
    scene.account.api.patch(path, wrong).await.expect(200);
    let event = scene.account.send("a.b", "1").await;
    let delivery = scene.account.delivery_id_of(&event).await;
    let what = "the first attempt";
    let attempt = until(what, SOON, async || {
        let delivery = scene.account.delivery(&delivery).await;
        attempts_of(&delivery).first().cloned()
    });
    let attempt = attempt.await;
    assert_eq!(
        attempt["error"],
        "No access token: the token endpoint responded HTTP 401 (invalid_client)"
    );
    assert_eq!(attempt["status_code"], Value::Null);
    assert_eq!(scene.receiver.count("/hook"), 0);
}
