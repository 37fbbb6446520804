//! A node with objects of every kind, and its receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postrider_tests::account::id_of;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, ApiResponse, Receiver, Reply, Server};
use serde_json::{Value, json};

/// Events that make the copy long enough to be killed on the way.
const BULK: usize = 15_000;

/// Events per batch: the most that a call accepts.
const BATCH: usize = 1_000;

/// How long the delivery of these events may take.
const BULK_WITHIN: Duration = Duration::from_secs(90);

/// The retry delay of `/later`, in seconds: the retries are due some time after the move.
pub const LATER_S: u64 = 20;

/// Events of each kind that are unfinished when the node is killed.
pub const UNFINISHED: usize = 5;

/// The data of events that are reported once, and again after the move. Bodies of all kinds: one that
/// JavaScript prints unchanged, one that it does not, and one that no style can keep.
pub const DATA: [&str; 3] = [
    r#"{"a":1,"ä":"\u00e9 ß"}"#,
    r#"{"b":1.50,"2":[1e2],"1":{}}"#,
    r#"{"a":1,"a":2}"#,
];

/// The node.
pub struct Source {
    /// The process and its folder.
    pub server: Server,
    /// The receiver of all deliveries.
    pub receiver: Receiver,
    /// The account with few events of many kinds.
    pub odd: Account,
    /// The account with many events of one kind.
    pub bulk: Account,
    /// The first responses to [`repeat`].
    pub first_responses: Vec<Value>,
    moved: Arc<AtomicBool>,
}

impl Source {
    /// A running node. [`Self::leave_unfinished`] adds the unfinished deliveries.
    pub async fn start() -> Self {
        let server = Server::start();
        let receiver = Receiver::start().await;
        let moved = Arc::new(AtomicBool::new(false));
        receiver.respond("/fails", [Reply::status(500).with_body("no\u{0}")]);
        let is_moved = Arc::clone(&moved);
        receiver.respond_with("/slow", move |_| {
            let delay = if is_moved.load(Ordering::SeqCst) { 0 } else { 600 };
            Reply::status(204).after(Duration::from_secs(delay))
        });
        let is_moved = Arc::clone(&moved);
        receiver.respond_with("/later", move |_| {
            let status = if is_moved.load(Ordering::SeqCst) { 200 } else { 503 };
            Reply::status(status)
        });
        receiver.respond("/waits", [Reply::status(500)]);
        let odd = Account::create(server.api()).await;
        let bulk = Account::create(server.api()).await;
        let mut source = Self {
            server,
            receiver,
            odd,
            bulk,
            first_responses: Vec::new(),
            moved,
        };
        source.configure().await;
        source.catalogue().await;
        source.send_odd_events().await;
        source.report_bulk().await;
        source
    }

    /// Marks the move as done: from now on the receivers respond with success.
    pub fn is_moved(&self) {
        self.moved.store(true, Ordering::SeqCst);
    }

    async fn configure(&self) {
        let Self { odd, bulk, .. } = self;
        let api = &odd.api;
        let body = json!({"uid": "acme-1", "name": "Zoë & Co", "metadata": {"plan": "a \"b\""}});
        api.patch(odd.at(""), body).await.expect(200);
        for overlap_s in [0, 86_400] {
            let body = json!({"overlap_s": overlap_s});
            api.post(odd.at("/signing-keys/rotate"), body).await.expect(201);
        }
        for (pattern, path, delays_s) in [
            ("fails.*", "/fails", json!([])),
            ("slow.*", "/slow", json!([])),
            ("later.*", "/later", json!([LATER_S])),
            ("waits.*", "/waits", json!([3_600])),
            ("once.*", "/quick", Value::Null),
        ] {
            let body = json!({
                "name": pattern,
                "trigger": {"event_types": [pattern]},
                "actions": [{"type": "send_webhook", "url": self.receiver.url(path), "timeout_s": 30}],
                "retry_delays_s": delays_s,
            });
            let created = api.post(odd.at("/automations"), body).await.expect(201);
            let path = odd.at(&format!("/automations/{}", id_of(&created)));
            api.patch(path, json!({"name": format!("{pattern}, renamed")}))
                .await
                .expect(200);
        }
        let connection = json!({"name": "Zoë’s CRM", "type": "bearer", "token": "a-token"});
        api.post(odd.at("/connections"), connection).await.expect(201);
        let off = odd
            .automation_on("never.*", json!({"url": self.receiver.url("/never")}))
            .await;
        let path = odd.at(&format!("/automations/{}", id_of(&off)));
        api.patch(path, json!({"enabled": false})).await.expect(200);
        bulk.automation(json!({"url": self.receiver.url("/quick")})).await;
        let deleted = Account::create(odd.api.clone()).await;
        deleted.send("a", "1").await;
        deleted.api.delete(deleted.at("")).await.expect(204);
    }

    async fn catalogue(&self) {
        let api = &self.odd.api;
        for (name, body) in [
            (
                "once.described",
                json!({"description": "a\u{0}b", "example": {"n": 1}, "schema": {"type": "object"}}),
            ),
            ("soon.gone", json!({"description": "deleted"})),
            ("zuletzt", json!({})),
        ] {
            let response = api.put(format!("/v1/event-types/{name}"), body).await;
            assert!(response.status < 300, "{}", response.text());
        }
        api.delete("/v1/event-types/soon.gone").await.expect(204);
    }

    async fn send_odd_events(&mut self) {
        let odd = self.odd.clone();
        for index in 0..DATA.len() {
            self.first_responses.push(repeat(&odd, index).await.expect(202));
        }
        for data in DATA {
            let failed = odd.send("fails.always", data).await;
            odd.wait_for_delivery(&failed, "failed").await;
        }
        let resent = odd.send("fails.resent", "1").await;
        let id = id_of(&odd.wait_for_delivery(&resent, "failed").await);
        let path = odd.at(&format!("/deliveries/{id}/resend"));
        odd.api.post(path, "").await.expect(202);
        until("the resent delivery has two attempts", SOON, async || {
            let delivery = odd.delivery(&id).await;
            let attempts = delivery["attempts"].as_array()?.len();
            (attempts == 2 && delivery["status"] == "failed").then_some(())
        })
        .await;
        odd.send("nobody.listens", "null").await;
    }

    async fn report_bulk(&self) {
        let bulk = &self.bulk;
        for first in (0..BULK).step_by(BATCH) {
            let events: Vec<_> = (first..first + BATCH)
                .map(
                    |number| json!({"type": "bulk.made", "data": {"number": number, "pad": "x".repeat(200)}}),
                )
                .collect();
            let path = bulk.at("/events/batch");
            bulk.api.post(path, json!({"events": events})).await.expect(202);
        }
        until("the bulk is delivered", BULK_WITHIN, async || {
            let path = bulk.at("/deliveries?status=pending&limit=1");
            let page = bulk.api.get(path).await.expect(200);
            page["data"].as_array()?.is_empty().then_some(())
        })
        .await;
    }

    /// Reports events that cannot finish before the move: some in flight, some due soon, some due in an hour.
    pub async fn leave_unfinished(&self) {
        for (event_type, path) in [("slow.a", "/slow"), ("waits.a", "/waits"), ("later.a", "/later")] {
            for index in 0..UNFINISHED {
                self.odd.send(event_type, DATA[index % DATA.len()]).await;
            }
            self.receiver.wait_for(path, UNFINISHED, SOON).await;
        }
        for event_type in ["waits.a", "later.a"] {
            until("the failed attempts are on record", SOON, async || {
                let path = self.odd.at(&format!("/deliveries?event_type={event_type}"));
                let page = self.odd.api.get(path).await.expect(200);
                let waits = |delivery: &Value| delivery["next_attempt_at"].is_string();
                page["data"].as_array()?.iter().all(waits).then_some(())
            })
            .await;
        }
    }
}

/// Reports an event that counts once: with an idempotency key, with an id that holds no time, or with an id
/// that holds another time than that of its acceptance.
pub async fn repeat(account: &Account, index: usize) -> ApiResponse {
    let data = DATA[index];
    let id = match index {
        0 => {
            return account.post_event_once("once-1", "once.keyed", data).await;
        }
        1 => "evt_00000000000000000000000001",
        _ => "evt_01h455vb4pex5vsknk084sn02q",
    };
    let body = format!(r#"{{"type":"once.named","id":"{id}","data":{data}}}"#);
    account.api.post(account.at("/events"), body).await
}
