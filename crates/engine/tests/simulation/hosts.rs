//! Requests to one host over all accounts: a host gets no more at a time than it may, and takes no slots from
//! others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Fixture, Node, accept_many, folder, inline, life, status};
use parking_lot::Mutex;
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;
use tokio::time::Instant;

const HEALTHY: &str = "https://healthy.example/hook";

/// How long the slow host takes for a request.
const TAKES: Duration = Duration::from_secs(1);

/// A host that takes its time, and one that does not. `most` follows how many requests the slow one had at
/// once.
fn slow_and_healthy(
    most: Arc<AtomicUsize>,
) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync + 'static {
    let ends: Mutex<Vec<Instant>> = Mutex::default();
    move |request, _| {
        if request.url == HEALTHY {
            return (Duration::from_millis(20), status(200));
        }
        let now = Instant::now();
        let mut ends = ends.lock();
        ends.retain(|end| *end > now);
        ends.push(now + TAKES);
        most.fetch_max(ends.len(), Ordering::Relaxed);
        (TAKES, status(200))
    }
}

async fn wait_until_all_succeeded(node: &Node, fixture: &Fixture, deliveries: usize) {
    while node.count(fixture.account, DeliveryStatus::Succeeded).await < deliveries {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[test]
fn a_slow_host_that_many_actions_call_gets_few_requests_at_a_time_and_delays_no_other_host() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            in_flight_max: 16,
            ..EngineSettings::default()
        };
        let most = Arc::new(AtomicUsize::new(0));
        let script = slow_and_healthy(Arc::clone(&most));
        let node = Node::start_bounded(inline(folder.path()), 0, settings, 4, script).await;
        // One account with many actions, and many accounts with one.
        let many: Vec<String> = (0..50).map(|n| format!("https://slow.example/{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let hostile = node.account(&many).await;
        node.automation(hostile.account, &many).await;
        let mut others = Vec::new();
        for n in 0..20 {
            let url = format!("http://SLOW.example:{}/", 8_000 + n);
            others.push(node.account(&[&url]).await);
        }
        let healthy = node.account(&[HEALTHY]).await;
        accept_many(&node, &hostile, 5).await;
        for other in &others {
            accept_many(&node, other, 5).await;
        }
        let mut accepted_ms = Vec::new();
        for _ in 0..60 {
            accepted_ms.push(node.clock_ms());
            node.accept(healthy.account).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let times = node.times(HEALTHY);
        assert_eq!(times.len(), 60);
        let late_ms = times.iter().zip(accepted_ms).map(|(at, accepted)| at - accepted);
        let late_ms: Vec<i64> = late_ms.filter(|ms| *ms >= 100).collect();
        assert!(late_ms.is_empty(), "ms late: {late_ms:?}");
        for other in &others {
            wait_until_all_succeeded(&node, other, 5).await;
        }
        wait_until_all_succeeded(&node, &hostile, 500).await;
        // The host was kept busy: its 600 requests take 150 s.
        let took_s = node.clock_ms() / 1_000;
        assert!(took_s < 195, "{took_s} s");
        assert_eq!(most.load(Ordering::Relaxed), 4);
        assert_eq!(node.seen().len(), 660, "each once");
    });
}

#[test]
fn accounts_take_turns_at_a_slow_host_however_many_of_its_actions_one_has() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            in_flight_max: 128,
            ..EngineSettings::default()
        };
        let most = Arc::new(AtomicUsize::new(0));
        let script = slow_and_healthy(Arc::clone(&most));
        let node = Node::start_bounded(inline(folder.path()), 0, settings, 64, script).await;
        let many: Vec<String> = (0..50).map(|n| format!("https://slow.example/{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let hostile = node.account(&many).await;
        node.automation(hostile.account, &many).await;
        let url = "https://slow.example/other";
        let other = node.account(&[url]).await;
        accept_many(&node, &hostile, 30).await;
        let mut accepted_ms = Vec::new();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            accepted_ms.push(node.clock_ms());
            node.accept(other.account).await;
        }
        wait_until_all_succeeded(&node, &other, 30).await;
        let times = node.times(url);
        let late_ms = times.iter().zip(accepted_ms).map(|(at, accepted)| at - accepted);
        // A request waits until one of those that the host has ends.
        let late_ms: Vec<i64> = late_ms.filter(|ms| *ms > 1_000).collect();
        assert!(late_ms.is_empty(), "ms late: {late_ms:?}");
        wait_until_all_succeeded(&node, &hostile, 3_000).await;
        let took_s = node.clock_ms() / 1_000;
        assert!(took_s < 61, "{took_s} s for what takes 47 s");
        assert_eq!(most.load(Ordering::Relaxed), 64);
    });
}

#[test]
fn a_quick_host_is_kept_busy_by_few_actions_and_by_many() {
    for actions in [1, 50] {
        let folder = folder();
        life(async {
            let quick = |_: &Request, _| (Duration::from_millis(10), status(200));
            let settings = EngineSettings::default();
            let node = Node::start_bounded(inline(folder.path()), 0, settings, 4, quick).await;
            let urls: Vec<String> = (0..actions)
                .map(|n| format!("https://quick.example/{n}"))
                .collect();
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            let fixture = node.account(&urls).await;
            accept_many(&node, &fixture, 4_000 / actions).await;
            wait_until_all_succeeded(&node, &fixture, 4_000).await;
            let took_ms = node.clock_ms();
            assert!(
                took_ms < 13_000,
                "{actions} actions: {took_ms} ms for what takes 10 s"
            );
        });
    }
}
