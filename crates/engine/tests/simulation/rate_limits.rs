//! Rate limits that were set for an action: they hold, lose nothing, use no attempt, and follow edits.

use crate::support::BY;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Fixture, Node, accept_many, folder, life, shared, status};
use postrider_configuration::RateLimitDraft;
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;

const URL: &str = "https://receiver.example/hook";
const OTHER: &str = "https://receiver.example/other";

fn quick(_: &Request, _: usize) -> (Duration, Response) {
    (Duration::from_millis(20), status(200))
}

async fn limit(node: &Node, fixture: &Fixture, requests: i64, per_s: i64) {
    let limit = RateLimitDraft { requests, per_s };
    node.edit(fixture, |automation| {
        automation.actions[0].rate_limit = Some(limit)
    })
    .await;
}

/// The most of these times within a window of so many milliseconds.
fn most_within(times_ms: &[i64], window_ms: i64) -> usize {
    let mut times_ms = times_ms.to_vec();
    times_ms.sort_unstable();
    let after = |begin: &i64| times_ms.partition_point(|at| *at < begin + window_ms);
    let counts = times_ms.iter().enumerate().map(|(n, begin)| after(begin) - n);
    counts.max().unwrap_or(0)
}

/// Seconds from the first to the last of these times.
fn lasted_s(times_ms: &[i64]) -> f64 {
    let (first, last) = (times_ms.iter().min().unwrap(), times_ms.iter().max().unwrap());
    (last - first) as f64 / 1_000.0
}

#[test]
fn a_rate_limit_is_used_fully_and_never_exceeded() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), quick).await;
        let fixture = node.account(&[URL, OTHER]).await;
        limit(&node, &fixture, 20, 1).await;
        accept_many(&node, &fixture, 1_000).await;
        let deliveries = node.wait_until_settled(fixture.account).await;
        assert!(deliveries.iter().all(|one| one.progress.attempts == 1));
        let times = node.times(URL);
        assert_eq!(times.len(), 1_000);
        assert!(most_within(&times, 1_000) <= 22, "{}", most_within(&times, 1_000));
        assert!((45.0..=55.0).contains(&lasted_s(&times)), "{}", lasted_s(&times));
        // The other action of the same automation has no limit.
        assert!(lasted_s(&node.times(OTHER)) < 5.0);
    });
}

#[test]
fn retries_resends_and_tests_count_toward_the_limit() {
    let folder = folder();
    life(async {
        let script = |_: &Request, nth| {
            (
                Duration::from_millis(5),
                status(if nth % 2 == 0 { 500 } else { 200 }),
            )
        };
        let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
        let fixture = node.account(&[URL]).await;
        limit(&node, &fixture, 2, 1).await;
        accept_many(&node, &fixture, 30).await;
        for delivery in node.wait_until_settled(fixture.account).await {
            node.engine.resend(&BY, fixture.key(&delivery)).await.unwrap();
        }
        let test = node
            .engine
            .send_test(&BY, fixture.account, fixture.automation, None, None);
        test.await.unwrap();
        node.wait_until_settled(fixture.account).await;
        let times = node.times(URL);
        assert!(times.len() > 70, "{}", times.len());
        assert!(most_within(&times, 1_000) <= 2, "{}", most_within(&times, 1_000));
    });
}

#[test]
fn a_changed_limit_applies_within_a_second_also_to_a_lane_that_waits_for_an_hour() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), quick).await;
        let fixture = node.account(&[URL]).await;
        limit(&node, &fixture, 1, 3_600).await;
        accept_many(&node, &fixture, 100).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(node.times(URL).len(), 1);
        let before = node.clock_ms();
        limit(&node, &fixture, 10, 1).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let times = node.times(URL);
        assert!(times[1] - before <= 1_000, "{} ms", times[1] - before);
        assert!((20..=31).contains(&times.len()), "{}", times.len());
        let before = node.clock_ms();
        node.edit(&fixture, |automation| automation.actions[0].rate_limit = None)
            .await;
        node.wait_until_settled(fixture.account).await;
        let times = node.times(URL);
        assert_eq!(times.len(), 100);
        assert!(times[99] - before <= 1_500, "{} ms", times[99] - before);
    });
}

#[test]
fn two_nodes_on_one_store_keep_the_limit_together() {
    let folder = folder();
    life(async {
        let store = shared(folder.path());
        let start =
            |offset_ms| Node::start_over(Arc::clone(&store), offset_ms, EngineSettings::default(), quick);
        let (one, other) = (start(0).await, start(7).await);
        let fixture = one.account(&[URL]).await;
        limit(&one, &fixture, 20, 1).await;
        for node in [&one, &other] {
            accept_many(node, &fixture, 500).await;
        }
        one.wait_until_settled(fixture.account).await;
        assert_eq!(one.count(fixture.account, DeliveryStatus::Succeeded).await, 1_000);
        let (of_one, of_other) = (one.times(URL), other.times(URL));
        assert!(
            of_one.len() > 200 && of_other.len() > 200,
            "{} and {}",
            of_one.len(),
            of_other.len()
        );
        let times = [of_one, of_other].concat();
        assert_eq!(times.len(), 1_000);
        assert!(most_within(&times, 1_000) <= 22, "{}", most_within(&times, 1_000));
        assert!((45.0..=55.0).contains(&lasted_s(&times)), "{}", lasted_s(&times));
    });
}
