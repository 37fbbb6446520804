//! The primary is lost, and its standby takes over.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use postrider_tests::{Account, Cluster, Postgres, Receiver, wait};
use serde_json::json;

use super::producers::Producers;

/// How long no node may accept events after the standby was promoted: a node checks at most every three
/// seconds whether the database accepts writes, and the producers' next posts take some time.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// Events before and after the failover.
const EVENTS: usize = 100;

/// How long everything may take to settle: commits in doubt are released, and claimed again later.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failover_to_a_promoted_standby_loses_nothing_acknowledged() {
    let primary = Postgres::start();
    let standby = primary.synchronous_standby();
    let mut cluster = Cluster::start_on(primary, 2).await;
    let account = Account::create(cluster.nodes[0].api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let producers = Producers::start(&account, cluster.apis(), &mut fastrand::Rng::new());
    grow(&producers, EVENTS, wait::SOON * 3).await;

    cluster.postgres.stop_immediately();
    for node in &cluster.nodes {
        node.proxy.lead_to(standby.address());
    }
    // A standby accepts no writes, so no node may acknowledge an event.
    for api in cluster.apis() {
        let account = account.through(api);
        wait::until("events are refused", BACK_WITHIN, async || {
            (account.post_event("refused", "1").await.status == 503).then_some(())
        })
        .await;
    }
    standby.promote();
    let promoted_at = Instant::now();
    grow(&producers, 1, BACK_WITHIN).await;
    println!(
        "events are accepted {:?} after the promotion",
        promoted_at.elapsed()
    );
    grow(&producers, EVENTS, wait::SOON * 3).await;

    let produced = producers.finish().await;
    assert!(produced.unexpected.is_empty(), "{:?}", produced.unexpected);
    wait::until("nothing is pending", SETTLED_WITHIN, async || {
        let path = account.at("/deliveries?status=pending&limit=1");
        let page = account.api.get(path).await.expect(200);
        page["data"].as_array()?.is_empty().then_some(())
    })
    .await;
    let received: Vec<String> = receiver
        .received("/hook")
        .iter()
        .map(|request| request.header("webhook-id").to_owned())
        .collect();
    let arrived: HashSet<&String> = received.iter().collect();
    let deliveries = account.all("deliveries").await;
    let succeeded: HashSet<&str> = deliveries
        .iter()
        .filter(|delivery| delivery["status"] == "succeeded")
        .filter_map(|delivery| delivery["event_id"].as_str())
        .collect();
    let lost: Vec<&String> = produced
        .accepted
        .keys()
        .filter(|event| !arrived.contains(event) || !succeeded.contains(event.as_str()))
        .collect();
    println!(
        "events accepted {}, lost {}, received again {}",
        produced.accepted.len(),
        lost.len(),
        received.len() - arrived.len()
    );
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(deliveries.len(), produced.accepted.len());
}

/// Waits until this many more events are accepted.
async fn grow(producers: &Producers, more: usize, within: Duration) {
    let enough = producers.accepted() + more;
    wait::until("events are accepted", within, async || {
        (producers.accepted() >= enough).then_some(())
    })
    .await;
}
