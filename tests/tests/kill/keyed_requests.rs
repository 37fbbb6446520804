//! Kills while clients repeat POSTs with an `Idempotency-Key` until they learn the outcome.
//!
//! At the end, no request took effect twice; a request that reported success took effect once; and one whose
//! outcome the server does not know took effect at most once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use postrider_tests::account::id_of;
use postrider_tests::{Api, Server};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

const ROUNDS: usize = 10;

/// How long a round lasts before the kill, in milliseconds.
const ROUND_MS: std::ops::Range<u64> = 20..250;

const CLIENTS: usize = 8;

/// Most requests in all: below the 1,000 that are kept for an API key.
const REQUESTS_MAX: usize = 900;

/// Most times that a client sends a request: it repeats it for at least 50 s, several times what a restart
/// takes on a busy machine.
const SENT_MAX: usize = 10_000;

/// How long a client waits before it repeats a request.
const PAUSE: Duration = Duration::from_millis(5);

/// What a client learnt about its request.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The account was created, with this id.
    Created(String),
    /// The server says that it does not know.
    Unknown,
}

struct Request {
    name: String,
    outcome: Outcome,
    /// Whether it was sent more than once.
    is_repeated: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_handles_no_keyed_request_twice() {
    let mut server = Server::start();
    let (address, current) = watch::channel(server.api());
    let (next, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(create_accounts(
            current.clone(),
            Arc::clone(&next),
            Arc::clone(&over),
        ));
    }
    for _ in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(ROUND_MS))).await;
        server.kill();
        server.start_again();
        address.send_replace(server.api());
    }
    over.store(true, Ordering::Relaxed);
    let requests: Vec<Request> = clients.join_all().await.into_iter().flatten().collect();

    let accounts = accounts(&server.api()).await;
    let mut unknown = 0;
    for request in &requests {
        let ids = accounts.get(&request.name).map_or(&[][..], Vec::as_slice);
        match &request.outcome {
            Outcome::Created(id) => assert_eq!(ids, [id.as_str()], "{}", request.name),
            Outcome::Unknown => {
                unknown += 1;
                assert!(ids.len() <= 1, "{} took effect twice: {ids:?}", request.name);
            }
        }
    }
    let repeated = requests.iter().filter(|request| request.is_repeated).count();
    println!(
        "{} requests, {repeated} repeated, {unknown} of unknown outcome",
        requests.len()
    );
    assert!(
        requests.len() > ROUNDS * CLIENTS && repeated >= ROUNDS,
        "{} requests, {repeated} repeated",
        requests.len()
    );
    assert!(unknown > 0, "a kill fell between the claim and the response");
}

/// Creates accounts one after the other, each until its outcome is known.
async fn create_accounts(
    api: watch::Receiver<Api>,
    next: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
) -> Vec<Request> {
    let mut requests = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= REQUESTS_MAX {
            break;
        }
        requests.push(create(&api, format!("Account {number}")).await);
    }
    requests
}

async fn create(api: &watch::Receiver<Api>, name: String) -> Request {
    for sent in 1..=SENT_MAX {
        let current = api.borrow().clone();
        let call = current.call_with(Method::POST, "/v1/accounts", json!({"name": name}));
        let response = call
            .header("idempotency-key", &name.replace(' ', "-"))
            .try_send()
            .await;
        let outcome = match &response {
            Ok(response) if response.status == 201 => Some(Outcome::Created(id_of(&response.json()))),
            Ok(response) if response.json()["code"] == "outcome_unknown" => Some(Outcome::Unknown),
            // It is stopping, or another request of this client is being handled still.
            Ok(response) if response.status == 503 || response.json()["code"] == "request_in_progress" => {
                None
            }
            Ok(response) => panic!("{}: {}", response.status, response.text()),
            // The server is down. It comes back at another address.
            Err(_) => None,
        };
        if let Some(outcome) = outcome {
            let is_repeated = sent > 1;
            return Request {
                name,
                outcome,
                is_repeated,
            };
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{name}: its outcome is not known after {SENT_MAX} requests")
}

/// The ids of all accounts, by name.
async fn accounts(api: &Api) -> HashMap<String, Vec<String>> {
    let mut accounts: HashMap<String, Vec<String>> = HashMap::new();
    let mut path = "/v1/accounts?limit=250".to_owned();
    loop {
        let page = api.get(path).await.expect(200);
        for account in page["data"].as_array().expect("a list has data") {
            let name = account["name"].as_str().expect("it has a name").to_owned();
            accounts.entry(name).or_default().push(id_of(account));
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/accounts?limit=250&cursor={cursor}"),
            None => return accounts,
        }
    }
}
