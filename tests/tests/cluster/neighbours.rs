//! A node in trouble does not disturb the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postrider_tests::{Account, Cluster, wait};

/// How often the node falls silent: whether it holds anything at that moment is chance.
const TIMES: usize = 5;

/// Producers at the node that falls silent. They repeat unanswered events at the other node.
const PRODUCERS: usize = 16;

/// How long a producer waits for a response.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long an event may take at the other node.
const HELD_UP_MAX: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_node_does_not_block_the_others() {
    let cluster = Cluster::start(2).await;
    let silent = Account::create(cluster.nodes[0].api()).await;
    let good = silent.through(cluster.nodes[1].api());
    let mut longest = Duration::ZERO;
    for time in 0..TIMES {
        let over = Arc::new(AtomicBool::new(false));
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let name = format!("{time}-{producer}");
                tokio::spawn(produce(silent.clone(), good.clone(), name, Arc::clone(&over)))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(300..400))).await;
        cluster.nodes[0].proxy.pause();
        let paused_at = Instant::now();
        while paused_at.elapsed() < PATIENCE + HELD_UP_MAX {
            let asked_at = Instant::now();
            good.post_event("a", "1").await.expect(202);
            longest = longest.max(asked_at.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        over.store(true, Ordering::Relaxed);
        cluster.nodes[0].proxy.resume();
        for producer in producers {
            producer.await.expect("a producer ends in order");
        }
        wait::until("the node is ready", wait::SOON, async || {
            (silent.api.get("/readyz").await.status == 200).then_some(())
        })
        .await;
    }
    println!("the other node took {longest:?} for an event at most");
    assert!(longest < HELD_UP_MAX, "{longest:?}");
}

/// Reports events to one node. An event without an acknowledgement is then reported to the other node.
async fn produce(first: Account, other: Account, name: String, over: Arc<AtomicBool>) {
    let mut number = 0_u32;
    while !over.load(Ordering::Relaxed) {
        number += 1;
        let key = format!("{name}-{number}");
        let response = tokio::time::timeout(PATIENCE, first.post_event_once(&key, "a", "1")).await;
        if !response.is_ok_and(|response| response.status == 202) {
            let response = other.post_event_once(&key, "a", "1").await;
            assert!(
                response.status == 202 || response.status == 200,
                "{}",
                response.text()
            );
            return;
        }
    }
}
