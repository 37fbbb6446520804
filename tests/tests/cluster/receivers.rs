//! Receivers with different tempers, and the requests that they saw.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_tests::account::id_of;
use postrider_tests::receiver::Received;
use postrider_tests::{Account, Node, Receiver, Reply};
use serde_json::{Value, json};

/// The delay of the slow receiver.
const SLOW: Duration = Duration::from_millis(300);

/// How a receiver behaves. Each response depends on the request alone, so that it can be computed again at
/// the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Good,
    Slow,
    /// Fails every first attempt, so that the second one follows after ten seconds.
    FailsFirst,
    /// Down until this time.
    DownUntil(Instant),
}

/// The receivers: one action each.
pub struct Receivers {
    all: Vec<(Receiver, Temper)>,
}

/// Identifies a delivery: its event and its action.
pub type Key = (String, String);

/// A request as a receiver saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The node that sent it.
    pub node: usize,
    /// When all of it had arrived.
    pub at: Instant,
    /// The attempt number in its header.
    pub attempt: u64,
    /// Whether it got a 2xx response.
    pub is_receipt: bool,
    /// Its body.
    pub body: Bytes,
}

impl Receivers {
    /// One receiver of each temper.
    pub async fn start(down_for: Duration) -> Self {
        let tempers = [
            Temper::Good,
            Temper::Slow,
            Temper::FailsFirst,
            Temper::DownUntil(Instant::now() + down_for),
        ];
        let mut all = Vec::new();
        for temper in tempers {
            let receiver = Receiver::start().await;
            receiver.respond_with("/hook", move |request| temper.reply_to(request));
            all.push((receiver, temper));
        }
        Self { all }
    }

    /// Subscribes every receiver to every event of the account. Returns the ids of their actions.
    pub async fn subscribe(&self, account: &Account) -> Vec<String> {
        let action = |(receiver, _): &(Receiver, Temper)| json!({"type": "send_webhook", "url": receiver.url("/hook")});
        let actions: Vec<Value> = self.all.iter().map(action).collect();
        let body = json!({"name": "Notify", "trigger": {"event_types": ["*"]}, "actions": actions});
        let automation = account.api.post(account.at("/automations"), body).await;
        let actions = automation.expect(201)["actions"].as_array().cloned();
        actions
            .expect("an automation has actions")
            .iter()
            .map(id_of)
            .collect()
    }

    /// The requests for each delivery, in order. `actions` are those of [`Self::subscribe`].
    pub fn requests(&self, actions: &[String]) -> HashMap<Key, Vec<Request>> {
        let mut requests = HashMap::<Key, Vec<Request>>::new();
        for ((receiver, temper), action) in self.all.iter().zip(actions) {
            for received in receiver.received("/hook") {
                let key = (received.header("webhook-id").to_owned(), action.clone());
                requests
                    .entry(key)
                    .or_default()
                    .push(Request::of(&received, *temper));
            }
        }
        requests
    }
}

impl Temper {
    fn reply_to(self, request: &Received) -> Reply {
        match self {
            Self::Good => Reply::status(204),
            Self::Slow => Reply::status(204).after(SLOW),
            Self::FailsFirst if attempt_of(request) == 1 => Reply::status(500),
            Self::DownUntil(until) if request.at < until => Reply::status(502),
            Self::FailsFirst | Self::DownUntil(_) => Reply::status(204),
        }
    }
}

impl Request {
    fn of(received: &Received, temper: Temper) -> Self {
        let user_agent = received.header("user-agent");
        Self {
            node: Node::of_user_agent(user_agent).unwrap_or_else(|| panic!("who is {user_agent}?")),
            at: received.at,
            attempt: attempt_of(received),
            is_receipt: temper.reply_to(received).is_success(),
            body: received.body.clone(),
        }
    }
}

/// The attempt number of a request. The header's name begins with the node's name.
fn attempt_of(request: &Received) -> u64 {
    let mut headers = request.headers.iter();
    let found = headers.find(|(name, _)| name.as_str().ends_with("-attempt"));
    let number = found.and_then(|(_, value)| value.to_str().ok()?.parse().ok());
    number.expect("a request says which attempt it is")
}
