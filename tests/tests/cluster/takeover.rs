//! A node dies permanently, and the others take over its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postrider_tests::account::id_of;
use postrider_tests::cluster::SHORT_LEASE;
use postrider_tests::{Account, Cluster, Node, Postgres, Receiver, Reply, wait};
use serde_json::{Value, json};

/// Events of each kind that the dead node leaves behind.
const EVENTS: usize = 30;

/// More events than a stopping node can send within its grace.
const HANDED_OVER: usize = 600;

/// When a retry must have arrived if its attempt failed before the kill: the schedule's ten seconds, and a
/// margin.
const RETRIED_WITHIN: Duration = Duration::from_secs(12);

/// How long after the takeover a delivery may still take.
const DELIVERED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_nodes_deliveries_are_taken_over() {
    let mut cluster = Cluster::start_with(Postgres::start(), 2, SHORT_LEASE).await;
    let account = Account::create(cluster.nodes[0].api()).await;
    let receiver = Receiver::start().await;
    let is_held = Arc::new(AtomicBool::new(true));
    let held = Arc::clone(&is_held);
    receiver.respond_with("/held", move |_| match held.load(Ordering::Relaxed) {
        true => Reply::status(204).after(wait::SOON),
        false => Reply::status(204),
    });
    receiver.respond_with("/fails-at-first", |request| {
        match request.headers.get("node-a-attempt").is_some() {
            true => Reply::status(500),
            false => Reply::status(204),
        }
    });
    for path in ["/held", "/fails-at-first"] {
        let action = json!({"url": receiver.url(path)});
        account.automation_on(&path[1..], action).await;
    }
    let mut under_way = Vec::new();
    let mut waiting = Vec::new();
    for number in 0..EVENTS {
        let data = number.to_string();
        under_way.push(account.send("held", &data).await);
        waiting.push(account.send("fails-at-first", &data).await);
    }
    receiver.wait_for("/held", 1, wait::SOON).await;
    for event in &waiting {
        wait::until("the failure is on record", wait::SOON, async || {
            let deliveries = account.deliveries_of(event).await;
            deliveries[0]["next_attempt_at"].is_string().then_some(())
        })
        .await;
    }
    is_held.store(false, Ordering::Relaxed);
    cluster.nodes[0].server.kill();
    let killed_at = Instant::now();

    let account = account.through(cluster.nodes[1].api());
    let taken_over = cluster.nodes[0].taken_over_within();
    let kinds = [
        ("waited for a retry", waiting, RETRIED_WITHIN),
        ("were owned", under_way, taken_over + DELIVERED_WITHIN),
    ];
    for (what, events, within) in kinds {
        for event in &events {
            let delivery = account.delivery_id_of(event).await;
            let left = within.saturating_sub(killed_at.elapsed());
            wait::until("the other node delivers it", left, async || {
                let record = account.delivery(&delivery).await;
                (record["status"] == "succeeded").then_some(())
            })
            .await;
        }
        println!(
            "those that {what} were delivered {:?} after the kill",
            killed_at.elapsed()
        );
    }
    let last = receiver.received("/held").pop().expect("it was called");
    assert_eq!(Node::of_user_agent(last.header("user-agent")), Some(1));
    assert_takeover_is_counted(&account).await;
}

async fn assert_takeover_is_counted(account: &Account) {
    let metrics = account.api.with_key(None).get("/metrics").await.text();
    for metric in [
        "postrider_takeovers_total",
        "postrider_deliveries_taken_over_total",
    ] {
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(metric)?.trim().parse().ok());
        assert!(
            value.is_some_and(|value: f64| value > 0.0),
            "{metric} is {value:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_stop_hands_work_over_at_once() {
    let mut cluster = Cluster::start(2).await;
    let account = Account::create(cluster.nodes[0].api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/slow", [Reply::status(204).after(Duration::from_millis(500))]);
    account.automation(json!({"url": receiver.url("/slow")})).await;
    let events: Vec<Value> = (0..HANDED_OVER)
        .map(|number| json!({"type": "a", "data": number}))
        .collect();
    let batch = json!({"events": events});
    let accepted = account
        .api
        .post(account.at("/events/batch"), batch)
        .await
        .expect(202);
    receiver.wait_for("/slow", 1, wait::SOON).await;
    assert!(cluster.nodes[0].server.stop().success());
    let stopped_at = Instant::now();
    let before = receiver.count("/slow");
    assert!(before < HANDED_OVER, "there is something to hand over");
    receiver.wait_for("/slow", HANDED_OVER, wait::SOON * 3).await;
    let took = stopped_at.elapsed();
    println!("{} were handed over within {took:?}", HANDED_OVER - before);
    let account = account.through(cluster.nodes[1].api());
    for event in accepted["data"].as_array().expect("a batch has results") {
        account.wait_for_delivery(&id_of(event), "succeeded").await;
    }
    assert_eq!(receiver.count("/slow"), HANDED_OVER, "none is sent again");
    assert!(took < DELIVERED_WITHIN, "{took:?}");
}
