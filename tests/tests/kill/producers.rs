//! Producers that continue through kills: each repeats unacknowledged events with the same idempotency key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use postrider_tests::account::id_of;
use postrider_tests::{Account, Api, ApiResponse};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Producers of single events, besides one producer of batches.
const SINGLE: usize = 4;

/// Events per batch.
const BATCH: usize = 10;

/// Most events in all, which bounds the load.
const EVENTS_MAX: u64 = 100_000;

/// Longest pause between two posts of a producer, in milliseconds.
const PAUSE_MS_MAX: u64 = 16;

/// The numbers of the acknowledged events, by event id.
pub type Accepted = HashMap<String, u64>;

/// The producers' tasks, and their common state.
pub struct Producers {
    shared: Arc<Shared>,
    address: watch::Sender<Api>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    account: Account,
    next: AtomicU64,
    over: AtomicBool,
    accepted: Mutex<Accepted>,
}

impl Producers {
    /// Starts the producers.
    pub fn start(account: &Account, mut random: fastrand::Rng) -> Self {
        let (address, current) = watch::channel(account.api.clone());
        let shared = Arc::new(Shared {
            account: account.clone(),
            next: AtomicU64::new(0),
            over: AtomicBool::new(false),
            accepted: Mutex::default(),
        });
        let tasks = (0..=SINGLE).map(|index| {
            let size = if index < SINGLE { 1 } else { BATCH };
            tokio::spawn(produce(Arc::clone(&shared), current.clone(), size, random.fork()))
        });
        let tasks = tasks.collect();
        Self {
            shared,
            address,
            tasks,
        }
    }

    /// Replaces the server's address.
    pub fn move_to(&self, api: Api) {
        self.address.send_replace(api);
    }

    /// Lets each producer finish its current events, and returns all that were accepted.
    pub async fn finish(self) -> Accepted {
        self.shared.over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("a producer ends in order");
        }
        std::mem::take(&mut self.shared.accepted.lock().expect("no producer panicked"))
    }
}

async fn produce(shared: Arc<Shared>, api: watch::Receiver<Api>, size: usize, mut random: fastrand::Rng) {
    while !shared.over.load(Ordering::Relaxed) {
        let first = shared.next.fetch_add(size as u64, Ordering::Relaxed);
        if first > EVENTS_MAX {
            return;
        }
        let numbers: Vec<u64> = (first..first + size as u64).collect();
        post_until_accepted(&shared, &api, &numbers).await;
        tokio::time::sleep(Duration::from_millis(random.u64(..PAUSE_MS_MAX))).await;
    }
}

/// Posts the events with these numbers repeatedly, at the server's current address, until it acknowledges
/// them.
async fn post_until_accepted(shared: &Shared, api: &watch::Receiver<Api>, numbers: &[u64]) {
    let key = format!("n-{}", numbers[0]);
    loop {
        let current = api.borrow().clone();
        match post(&shared.account.through(current), &key, numbers).await {
            Ok(response) if response.status == 503 => {}
            Ok(response) => {
                let mut accepted = shared.accepted.lock().expect("no producer panicked");
                accepted.extend(ids(&response).into_iter().zip(numbers.iter().copied()));
                return;
            }
            // The server is down. It comes back, possibly at another address.
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn post(account: &Account, key: &str, numbers: &[u64]) -> Result<ApiResponse, String> {
    let event =
        |number: &u64| json!({"type": "load.test", "data": {"number": number, "text": "x".repeat(200)}});
    let (path, body) = match numbers {
        [number] => ("/events", event(number)),
        _ => (
            "/events/batch",
            json!({"events": numbers.iter().map(event).collect::<Vec<_>>()}),
        ),
    };
    let call = account.api.call_with(Method::POST, account.at(path), body);
    call.header("idempotency-key", key).try_send().await
}

/// The ids in a response to one event or a batch. Each event must be accepted, now or before.
fn ids(response: &ApiResponse) -> Vec<String> {
    let body = response.json();
    let accepted = |status: &Value| status == 202 || status == 200;
    match body["data"].as_array() {
        None => {
            assert!(accepted(&response.status.into()), "{}", response.text());
            vec![id_of(&body)]
        }
        Some(items) => {
            assert!(
                items.iter().all(|item| accepted(&item["status"])),
                "{}",
                response.text()
            );
            items.iter().map(id_of).collect()
        }
    }
}
