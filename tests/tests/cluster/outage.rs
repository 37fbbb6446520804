//! The database goes down and comes back.

use std::time::{Duration, Instant};

use postrider_tests::{Account, ApiResponse, Cluster, Receiver, Reply, wait};
use serde_json::json;

/// How quickly a node refuses an event once it knows that the database is down.
const REFUSED_WITHIN: Duration = Duration::from_millis(200);

/// How quickly events are accepted once the database is back.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// How long a silent database may go unnoticed: a storage verb waits for ten seconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// Events that are being delivered while the database goes down.
const EVENTS: usize = 40;

/// How long each of them takes at the receiver.
const SLOW: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_refused_at_once_while_the_database_is_down() {
    let mut cluster = Cluster::start(1).await;
    let (account, receiver) = with_receiver(&cluster).await;
    let mut events = Vec::new();
    for number in 0..EVENTS {
        events.push(account.send("a", &number.to_string()).await);
    }
    // All requests have arrived, and the last have no response yet: their results find no database.
    receiver.wait_for("/hook", EVENTS, wait::SOON).await;
    cluster.postgres.stop_immediately();
    refused(&account, wait::SOON).await;
    is_refused_at_once(&account).await;

    cluster.postgres.start_again();
    let back_at = Instant::now();
    events.push(accepted(&account, BACK_WITHIN).await);
    println!(
        "events are accepted {:?} after the database is back",
        back_at.elapsed()
    );
    let ready = account.api.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text());
    for event in &events {
        account.wait_for_delivery(event, "succeeded").await;
    }
    assert_eq!(receiver.count("/hook"), events.len(), "none is sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_one_database_timeout_events_are_refused_at_once() {
    let cluster = Cluster::start(1).await;
    let (account, receiver) = with_receiver(&cluster).await;
    let event = account.send("a", "1").await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    cluster.nodes[0].proxy.pause();
    refused(&account, NOTICED_WITHIN).await;
    is_refused_at_once(&account).await;
    cluster.nodes[0].proxy.resume();
    let back_at = Instant::now();
    let later = accepted(&account, BACK_WITHIN).await;
    println!(
        "events are accepted {:?} after the network is back",
        back_at.elapsed()
    );
    for event in [&event, &later] {
        account.wait_for_delivery(event, "succeeded").await;
    }
}

async fn with_receiver(cluster: &Cluster) -> (Account, Receiver) {
    let account = Account::create(cluster.nodes[0].api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(204).after(SLOW)]);
    account.automation(json!({"url": receiver.url("/hook")})).await;
    (account, receiver)
}

/// Reports events one after the other until one is refused, and returns that response.
async fn refused(account: &Account, within: Duration) -> ApiResponse {
    wait::until("events are refused", within, async || {
        let response = account.post_event("refused", "1").await;
        (response.status == 503).then_some(response)
    })
    .await
}

/// Reports events one after the other until one is accepted, and returns its id.
async fn accepted(account: &Account, within: Duration) -> String {
    wait::until("events are accepted", within, async || {
        let response = account.post_event("accepted", "1").await;
        (response.status == 202).then(|| postrider_tests::account::id_of(&response.json()))
    })
    .await
}

async fn is_refused_at_once(account: &Account) {
    for _ in 0..20 {
        let asked_at = Instant::now();
        let response = account.post_event("refused", "1").await;
        let took = asked_at.elapsed();
        assert_eq!(response.status, 503, "{}", response.text());
        assert!(took < REFUSED_WITHIN, "{took:?}");
        let wait_s: u64 = response
            .header("retry-after")
            .parse()
            .expect("it says when to come back");
        assert!(wait_s >= 1);
    }
    let ready = account.api.get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert_eq!(account.api.get("/healthz").await.status, 200);
}
