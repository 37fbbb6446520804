//! A receiver that asks for less.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Node, folder, life, status};
use bytes::Bytes;
use parking_lot::Mutex;
use postrider_egress::{Request, Response};
use postrider_engine::{EngineSettings, Submission};
use postrider_model::DeliveryStatus;
use tokio::time::Instant;

const URL: &str = "https://receiver.example/hook";

/// The results of one action's deliveries.
#[derive(Debug)]
struct Report {
    failed: usize,
    refusals: usize,
}

/// A receiver that handles at most `most` requests at a time, each for `takes`, and responds with 503 to all
/// others at once.
fn narrow(
    most: usize,
    takes: Duration,
    refusals: Arc<Mutex<usize>>,
) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync {
    let ends: Mutex<Vec<Instant>> = Mutex::default();
    move |_, _| {
        let now = Instant::now();
        let mut ends = ends.lock();
        ends.retain(|end| *end > now);
        if ends.len() < most {
            ends.push(now + takes);
            return (takes, status(200));
        }
        *refusals.lock() += 1;
        (Duration::from_millis(1), status(503))
    }
}

async fn deliver(
    events: usize,
    folder: &std::path::Path,
    refusals: Arc<Mutex<usize>>,
    script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
) -> Report {
    let node = Node::start(folder, 0, EngineSettings::default(), script).await;
    let account = node.account(&[URL]).await.account;
    let submission = || Submission {
        event_type: "proposal.accepted".parse().unwrap(),
        data: Bytes::from_static(b"{}"),
        id: None,
        occurred_at: None,
        idempotency_key: None,
    };
    for begin in (0..events).step_by(500) {
        let count = (events - begin).min(500);
        let submissions = std::iter::repeat_with(submission).take(count).collect();
        node.engine.accept(account, submissions).await.unwrap();
    }
    // The last attempt is due 110 s after the first.
    tokio::time::sleep(Duration::from_secs(180)).await;
    let now = node.engine.clock().now();
    assert_eq!(node.store.backlog(now).await.unwrap().pending, 0);
    let failed = node.count(account, DeliveryStatus::Failed).await;
    Report {
        failed,
        refusals: *refusals.lock(),
    }
}

#[test]
fn a_receiver_with_twenty_slots_and_503_beyond_gets_less_and_loses_nothing() {
    let folder = folder();
    let refusals = Arc::default();
    let script = narrow(20, Duration::from_millis(50), Arc::clone(&refusals));
    let report = life(deliver(1_500, folder.path(), refusals, script));
    assert_eq!(report.failed, 0, "{report:?}");
    // When a 503 still widened the lane, 1,392 deliveries failed, after 4,284 responses of 503.
    assert!(report.refusals < 800, "{report:?}");
}
