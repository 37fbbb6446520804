//! A change on one node applies there at once, and on the others within a second.

use std::time::{Duration, Instant};

use http::Method;
use postrider_tests::account::id_of;
use postrider_tests::receiver::Received;
use postrider_tests::{Account, Api, Cluster, Receiver, signature, wait};
use serde_json::{Value, json};

/// How long after its acknowledgement a change may be unknown to other nodes.
const KNOWN_WITHIN: Duration = Duration::from_secs(1);

/// How often each change is made.
const TIMES: usize = 3;

/// Two nodes, and a receiver.
struct Scene {
    here: Api,
    there: Api,
    receiver: Receiver,
}

/// An account that both nodes have loaded: each has just sent an event of it.
struct Known {
    here: Account,
    there: Account,
    automation: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_on_one_node_applies_on_the_others_within_a_second() {
    let cluster = Cluster::start(2).await;
    let scene = Scene {
        here: cluster.nodes[0].api(),
        there: cluster.nodes[1].api(),
        receiver: Receiver::start().await,
    };
    for _ in 0..TIMES {
        scene.a_url().await;
        scene.a_key().await;
        scene.a_new_automation().await;
        scene.a_disabled_automation().await;
        scene.a_deleted_account().await;
        scene.a_connection_of_the_installation().await;
    }
    scene.a_schema().await;
}

impl Scene {
    async fn a_url(&self) {
        let known = self.known().await;
        let mut action = known.automation["actions"][0].clone();
        action["url"] = self.receiver.url("/new").into();
        let patch = json!({"actions": [{"id": action["id"], "type": "send_webhook", "url": action["url"]}]});
        let acknowledged_at = known.patch(patch).await;
        self.arrival(&known.here, "/new").await;
        later(acknowledged_at).await;
        self.arrival(&known.there, "/new").await;
    }

    async fn a_key(&self) {
        let known = self.known().await;
        let rotate = known.here.at("/signing-keys/rotate");
        let key = known
            .here
            .api
            .post(rotate, json!({"overlap_s": 0}))
            .await
            .expect(201);
        let acknowledged_at = Instant::now();
        let secret = key["secret"].as_str().expect("a key has a secret");
        let is_signed = |request: &Received| {
            let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
            let expected = signature::standard_webhooks(secret, id, timestamp, &request.body);
            assert_eq!(request.header("webhook-signature"), expected);
        };
        is_signed(&self.arrival(&known.here, "/hook").await);
        later(acknowledged_at).await;
        is_signed(&self.arrival(&known.there, "/hook").await);
    }

    /// It belongs to another account than the one whose action uses it.
    async fn a_connection_of_the_installation(&self) {
        let list = "/v1/accounts/system/connections";
        let body = json!({"name": "Gateway", "type": "bearer", "token": "one", "hosts": ["127.0.0.1"]});
        let connection = self.here.post(list, body).await.expect(201);
        let known = self.known().await;
        let mut action = json!({"type": "send_webhook", "url": self.receiver.url("/hook")});
        action["connection_id"] = connection["id"].clone();
        let acknowledged_at = known.patch(json!({"actions": [action]})).await;
        later(acknowledged_at).await;
        for account in [&known.here, &known.there] {
            let sent = self.arrival(account, "/hook").await;
            assert_eq!(sent.header("authorization"), "Bearer one");
        }
        let path = format!("{list}/{}", id_of(&connection));
        self.here.patch(path, json!({"token": "two"})).await.expect(200);
        let acknowledged_at = Instant::now();
        let sent = self.arrival(&known.here, "/hook").await;
        assert_eq!(sent.header("authorization"), "Bearer two");
        later(acknowledged_at).await;
        let sent = self.arrival(&known.there, "/hook").await;
        assert_eq!(sent.header("authorization"), "Bearer two");
    }

    async fn a_new_automation(&self) {
        let known = self.known().await;
        known
            .here
            .automation(json!({"url": self.receiver.url("/second")}))
            .await;
        let acknowledged_at = Instant::now();
        self.arrival(&known.here, "/second").await;
        later(acknowledged_at).await;
        self.arrival(&known.there, "/second").await;
    }

    async fn a_disabled_automation(&self) {
        let known = self.known().await;
        let acknowledged_at = known.patch(json!({"enabled": false})).await;
        let deliveries =
            async |account: &Account| account.post_event("a", "1").await.expect(202)["deliveries"].clone();
        assert_eq!(deliveries(&known.here).await, 0);
        later(acknowledged_at).await;
        assert_eq!(deliveries(&known.there).await, 0);
    }

    async fn a_deleted_account(&self) {
        let known = self.known().await;
        assert_eq!(self.here.delete(known.here.at("")).await.status, 204);
        let acknowledged_at = Instant::now();
        known
            .here
            .post_event("a", "1")
            .await
            .problem(404, "account_not_found");
        later(acknowledged_at).await;
        known
            .there
            .post_event("a", "1")
            .await
            .problem(404, "account_not_found");
    }

    async fn a_schema(&self) {
        let known = self.known().await;
        let body = json!({"description": "", "schema": {"type": "string"}});
        let put = self
            .here
            .call_with(Method::PUT, "/v1/event-types/a", body)
            .send()
            .await;
        assert!(put.status == 200 || put.status == 201, "{}", put.text());
        let acknowledged_at = Instant::now();
        known
            .here
            .post_event("a", "1")
            .await
            .problem(422, "schema_violation");
        later(acknowledged_at).await;
        known
            .there
            .post_event("a", "1")
            .await
            .problem(422, "schema_violation");
    }

    /// A new account with an automation to `/hook`; each node has sent an event of it.
    async fn known(&self) -> Known {
        let here = Account::create(self.here.clone()).await;
        let automation = here.automation(json!({"url": self.receiver.url("/hook")})).await;
        let there = here.through(self.there.clone());
        self.arrival(&here, "/hook").await;
        self.arrival(&there, "/hook").await;
        Known {
            here,
            there,
            automation,
        }
    }

    /// Reports an event and waits until it arrives at `path`.
    async fn arrival(&self, account: &Account, path: &str) -> Received {
        let event = account.send("a", "1").await;
        wait::until("the event arrives", wait::SOON, async || {
            let mut received = self.receiver.received(path).into_iter();
            received.find(|request| request.header("webhook-id") == event)
        })
        .await
    }
}

impl Known {
    /// Changes the automation. Returns the time of the acknowledgement.
    async fn patch(&self, patch: Value) -> Instant {
        let path = self.here.at(&format!("/automations/{}", id_of(&self.automation)));
        self.here.api.patch(path, patch).await.expect(200);
        Instant::now()
    }
}

/// Waits until the other nodes must know the change.
async fn later(acknowledged_at: Instant) {
    tokio::time::sleep_until((acknowledged_at + KNOWN_WITHIN).into()).await;
}
