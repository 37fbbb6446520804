//! Producers at every node that continue through all disturbances: each repeats unacknowledged events with
//! the same idempotency key, at one node after the other.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http::Method;
use postrider_tests::account::id_of;
use postrider_tests::{Account, Api, ApiResponse};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Producers of single events at each node, besides one producer of batches.
const SINGLE: usize = 2;

/// Events per batch.
const BATCH: usize = 5;

/// Longest pause after an event of a producer, in milliseconds.
const PAUSE_MS_MAX: u64 = 500;

/// How long a producer waits for a response before it tries another node.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// A try that takes longer than this is slow.
const SLOW: Duration = Duration::from_millis(500);

/// Pause between two tries of the same event.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// How long the whole cluster may refuse an event.
const REFUSED_MAX: Duration = Duration::from_secs(60);

/// Most unexpected responses that are kept.
const UNEXPECTED_KEPT: usize = 100;

/// An acknowledged event.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// The number in its data.
    pub number: u64,
    /// When the acknowledgement arrived.
    pub at: Instant,
}

/// A slow try, with or without a response.
#[derive(Debug, Clone)]
pub struct SlowRequest {
    /// The node that was asked.
    pub node: usize,
    /// From the request to the response, or to the end of the producer's patience.
    pub span: Range<Instant>,
}

/// The results of all tries.
#[derive(Debug, Default)]
pub struct Produced {
    /// The accepted events, by id.
    pub accepted: HashMap<String, Accepted>,
    /// How often a node refused events temporarily (503).
    pub refused: u64,
    /// How often there was no response.
    pub without_response: u64,
    /// Slow tries.
    pub slow: Vec<SlowRequest>,
    /// Responses that a producer should never get.
    pub unexpected: Vec<String>,
}

/// The producers' tasks, and their common state.
pub struct Producers {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    account: Account,
    nodes: Mutex<Vec<Api>>,
    next: AtomicU64,
    over: AtomicBool,
    produced: Mutex<Produced>,
}

impl Producers {
    /// Starts the producers.
    pub fn start(account: &Account, nodes: Vec<Api>, random: &mut fastrand::Rng) -> Self {
        let count = nodes.len();
        let shared = Arc::new(Shared {
            account: account.clone(),
            nodes: Mutex::new(nodes),
            next: AtomicU64::new(0),
            over: AtomicBool::new(false),
            produced: Mutex::default(),
        });
        let tasks = (0..count * (SINGLE + 1)).map(|index| {
            let size = if index / count < SINGLE { 1 } else { BATCH };
            tokio::spawn(produce(Arc::clone(&shared), index % count, size, random.fork()))
        });
        let tasks = tasks.collect();
        Self { shared, tasks }
    }

    /// Replaces the nodes' addresses.
    pub fn move_to(&self, nodes: Vec<Api>) {
        *locked(&self.shared.nodes) = nodes;
    }

    /// How many events have been acknowledged so far.
    pub fn accepted(&self) -> usize {
        locked(&self.shared.produced).accepted.len()
    }

    /// Lets each producer finish its current event, and returns the results.
    pub async fn finish(self) -> Produced {
        self.shared.over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("a producer ends in order");
        }
        std::mem::take(&mut locked(&self.shared.produced))
    }
}

async fn produce(shared: Arc<Shared>, home: usize, size: usize, mut random: fastrand::Rng) {
    while !shared.over.load(Ordering::Relaxed) {
        let first = shared.next.fetch_add(size as u64, Ordering::Relaxed);
        let numbers: Vec<u64> = (first..first + size as u64).collect();
        post_until_accepted(&shared, home, &numbers).await;
        tokio::time::sleep(Duration::from_millis(random.u64(..PAUSE_MS_MAX * size as u64))).await;
    }
}

/// Posts the events with these numbers to one node after the other, starting with `home`, until a node
/// acknowledges them.
async fn post_until_accepted(shared: &Shared, home: usize, numbers: &[u64]) {
    let key = format!("n-{}", numbers[0]);
    let deadline = Instant::now() + REFUSED_MAX;
    for tried in home.. {
        assert!(
            Instant::now() < deadline,
            "no node took {key} within {REFUSED_MAX:?}"
        );
        let (node, api) = {
            let nodes = locked(&shared.nodes);
            let node = tried % nodes.len();
            (node, nodes[node].clone())
        };
        let account = shared.account.through(api);
        let asked_at = Instant::now();
        let response = tokio::time::timeout(PATIENCE, post(&account, &key, numbers)).await;
        if asked_at.elapsed() > SLOW {
            let span = asked_at..Instant::now();
            locked(&shared.produced).slow.push(SlowRequest { node, span });
        }
        if locked(&shared.produced).note(&key, numbers, response.ok()) {
            return;
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

impl Produced {
    /// Records the result of a try (`None` if patience ended). Returns whether the events are accepted.
    fn note(&mut self, key: &str, numbers: &[u64], response: Option<Result<ApiResponse, String>>) -> bool {
        let Some(Ok(response)) = response else {
            self.without_response += 1;
            return false;
        };
        if response.status == 503 {
            self.refused += 1;
            return false;
        }
        let Some(ids) = ids(&response) else {
            if self.unexpected.len() < UNEXPECTED_KEPT {
                self.unexpected
                    .push(format!("{key}: {} {}", response.status, response.text()));
            }
            return false;
        };
        let at = Instant::now();
        let accepted = numbers.iter().map(|&number| Accepted { number, at });
        self.accepted.extend(ids.into_iter().zip(accepted));
        true
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

/// The ids in a response to one event or a batch, if each event was accepted, now or before.
fn ids(response: &ApiResponse) -> Option<Vec<String>> {
    let is_accepted = |status: &Value| status == 202 || status == 200;
    if !is_accepted(&response.status.into()) {
        return None;
    }
    let body = response.json();
    match body["data"].as_array() {
        None => Some(vec![id_of(&body)]),
        Some(items) if items.iter().all(|item| is_accepted(&item["status"])) => {
            Some(items.iter().map(id_of).collect())
        }
        Some(_) => None,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panicked with it")
}
