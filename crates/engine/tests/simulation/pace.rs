//! Receivers in trouble: each gets all its events, soon and without needless requests, and delays no other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use crate::support::{Node, accept_many, folder, life, status, submission};
use parking_lot::Mutex;
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;
use tokio::time::Instant;

const URL: &str = "https://receiver.example/hook";

/// Longer than any timeout.
const NEVER: Duration = Duration::from_secs(600);

/// What became of one action's deliveries.
#[derive(Debug)]
struct Report {
    failed: usize,
    requests: usize,
    /// When the last but one in a hundred of the first attempts arrived.
    first_attempts_p99: Duration,
}

/// A receiver that works on `most` requests at a time, each for `takes`, and responds with 503 to all others
/// at once.
fn narrow(most: usize, takes: Duration) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync {
    let ends: Mutex<Vec<Instant>> = Mutex::default();
    move |_, _| {
        let now = Instant::now();
        let mut ends = ends.lock();
        ends.retain(|end| *end > now);
        if ends.len() < most {
            ends.push(now + takes);
            return (takes, status(200));
        }
        (Duration::from_millis(1), status(503))
    }
}

/// A receiver that takes `most` requests a second, and responds with 429 to all others.
fn limited(most: usize) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync {
    let began = Instant::now();
    let taken: Mutex<HashMap<u64, usize>> = Mutex::default();
    move |_, _| {
        let mut taken = taken.lock();
        let taken = taken.entry(began.elapsed().as_secs()).or_default();
        *taken += 1;
        let code = if *taken <= most { 200 } else { 429 };
        (Duration::from_millis(2), status(code))
    }
}

/// A receiver that works on `most` requests at a time, each for `takes`, and queues all others.
fn queueing(most: usize, takes: Duration) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync {
    let began = Instant::now();
    let free: Mutex<BinaryHeap<Reverse<Duration>>> =
        Mutex::new((0..most).map(|_| Reverse(Duration::ZERO)).collect());
    move |_, _| {
        let (now, mut free) = (began.elapsed(), free.lock());
        let Reverse(begins) = free.pop().unwrap();
        let end = begins.max(now) + takes;
        free.push(Reverse(end));
        (end - now, status(200))
    }
}

/// Delivers so many events, within `time`.
async fn deliver(
    events: usize,
    time: Duration,
    folder: &std::path::Path,
    script: impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static,
) -> Report {
    let node = Node::start(folder, 0, EngineSettings::default(), script).await;
    let fixture = node.account(&[URL]).await;
    accept_many(&node, &fixture, events).await;
    tokio::time::sleep(time).await;
    let pending = node
        .store
        .backlog(node.engine.clock().now())
        .await
        .unwrap()
        .pending;
    assert_eq!(pending, 0, "after {time:?}");
    let seen = node.seen();
    let first = seen.iter().filter(|seen| seen.header("postrider-attempt") == "1");
    let mut first: Vec<i64> = first.map(|seen| seen.at_ms).collect();
    first.sort_unstable();
    let p99_ms = first[first.len() * 99 / 100 - 1];
    Report {
        failed: node.count(fixture.account, DeliveryStatus::Failed).await,
        requests: seen.len(),
        first_attempts_p99: Duration::from_millis(p99_ms.unsigned_abs()),
    }
}

#[test]
fn a_receiver_with_twenty_slots_and_503_beyond_gets_less_and_loses_nothing() {
    let folder = folder();
    let script = narrow(20, Duration::from_millis(50));
    let report = life(deliver(1_500, Duration::from_secs(180), folder.path(), script));
    // Before, 1,296 of 1,500 were lost after 4,068 responses of 503.
    assert_eq!(report.failed, 0, "{report:?}");
    assert!(report.requests < 1_500 + 100, "{report:?}");
}

#[test]
fn a_receiver_of_twenty_a_second_and_429_beyond_gets_every_event_at_its_rate() {
    let folder = folder();
    let report = life(async {
        let time = Duration::from_secs(240);
        deliver(2_000, time, folder.path(), limited(20)).await
    });
    // Before, 1,925 of 2,000 failed, after requests in three bursts.
    assert_eq!(report.failed, 0, "{report:?}");
    assert!(report.requests < 2_000 + 100, "{report:?}");
    assert!(report.first_attempts_p99 < Duration::from_secs(130), "{report:?}");
}

#[test]
fn a_receiver_that_queues_silently_is_kept_busy_and_processes_nothing_twice() {
    let folder = folder();
    let report = life(async {
        let script = queueing(10, Duration::from_secs(1));
        deliver(2_000, Duration::from_secs(260), folder.path(), script).await
    });
    // Before, 1,261 needless requests, and 391 s.
    assert_eq!((report.failed, report.requests), (0, 2_000), "{report:?}");
}

#[test]
fn first_attempts_at_a_silent_receiver_are_on_time_while_slots_are_free() {
    let folder = folder();
    let script = |_: &Request, _| (NEVER, status(200));
    let report = life(deliver(1_000, Duration::from_secs(180), folder.path(), script));
    // Before, the first attempts of 200 events were 390 s late (p50).
    assert_eq!((report.failed, report.requests), (1_000, 3_000), "{report:?}");
    assert!(report.first_attempts_p99 <= Duration::from_secs(2), "{report:?}");
}

#[test]
fn many_silent_actions_of_one_account_delay_nobody_else() {
    let folder = folder();
    life(async {
        let script = |request: &Request, _| match request.url.as_str() {
            URL => (Duration::from_millis(20), status(200)),
            _ => (NEVER, status(200)),
        };
        let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
        let silent: Vec<String> = (0..50).map(|n| format!("https://silent.example/{n}")).collect();
        let silent: Vec<&str> = silent.iter().map(String::as_str).collect();
        let hostile = node.account(&[URL]).await;
        node.edit(&hostile, |automation| automation.enabled = false).await;
        // An event makes 500 deliveries: each of five types has ten automations.
        for n in 0..50 {
            let fixture = node.automation(hostile.account, &silent).await;
            let event_type = format!("silent.{}", n % 5);
            node.edit(&fixture, |automation| automation.event_types = vec![event_type])
                .await;
        }
        let healthy = node.account(&[URL]).await;
        for n in 0..20 {
            let submission = submission(&format!("silent.{}", n % 5));
            node.engine
                .accept(hostile.account, vec![submission])
                .await
                .unwrap();
        }
        let mut accepted_ms = Vec::new();
        for _ in 0..60 {
            accepted_ms.push(node.clock_ms());
            node.accept(healthy.account).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // Before, deliveries waited for 5.3 s (p50), and 798 of 1,206 for more than a minute.
        let times = node.times(URL);
        assert_eq!(times.len(), 60);
        for (accepted_ms, at_ms) in accepted_ms.into_iter().zip(times) {
            assert!(at_ms - accepted_ms < 100, "{} ms late", at_ms - accepted_ms);
        }
    });
}
