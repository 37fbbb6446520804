//! Events with a time of delivery.

use std::time::Duration;

use bytes::Bytes;
use postrider_engine::{EngineSettings, Rejection, Submission};
use postrider_model::event::DELIVER_AT_AHEAD_MAX;
use postrider_model::{DeliveryStatus, EventHeaders, Timestamp};
use postrider_storage::statistics::TimeStep;

use crate::support::{BY, Fixture, Node, START_MS, folder, life, shared, status};

const URL: &str = "https://receiver.example/hook";
const HOUR_MS: i64 = 3_600_000;

async fn started(folder: &std::path::Path, offset_ms: i64, code: u16) -> Node {
    let script = move |_: &_, _| (Duration::from_millis(2), status(code));
    Node::start(folder, offset_ms, EngineSettings::default(), script).await
}

/// An event that asks to be delivered this long after the beginning of the test.
fn at_ms(ms: i64) -> Submission {
    Submission {
        deliver_at: Some(Timestamp::from_unix_ms(START_MS + ms)),
        ..Submission::new("proposal.accepted".parse().unwrap(), Bytes::from_static(b"{}"))
    }
}

async fn accept(node: &Node, fixture: &Fixture, submission: Submission) -> Result<u32, Rejection> {
    let mut results = node
        .engine
        .accept(fixture.account, vec![submission])
        .await
        .unwrap();
    results.remove(0).map(|accepted| accepted.deliveries)
}

/// Asserts that the requests arrived at these times, each up to a second late.
fn assert_times(node: &Node, expected: &[i64]) {
    let times = node.times(URL);
    assert_eq!(times.len(), expected.len(), "{times:?}");
    for (time, expected) in times.iter().zip(expected) {
        let late = time - expected;
        assert!((0..=1_000).contains(&late), "{times:?} instead of {expected}");
    }
}

#[test]
fn an_event_is_delivered_at_its_time_and_not_before() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        for ms in [3_600_000, -5_000, 60_123] {
            assert_eq!(accept(&node, &fixture, at_ms(ms)).await, Ok(1));
        }
        let first = node.times(URL).first().copied().unwrap_or_default();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(node.times(URL).len(), 1, "the time in the past means at once");
        node.wait_until_settled(fixture.account).await;
        let first = node.times(URL)[0].min(first.max(1_000));
        assert_times(&node, &[first, 60_123, 3_600_000]);
    });
}

#[test]
fn a_kill_or_a_takeover_leaves_the_time_as_it_is() {
    for is_shared in [false, true] {
        let folder = folder();
        let fixture = life(async {
            let node = started(folder.path(), 0, 200).await;
            let fixture = node.account(&[URL]).await;
            for ms in [100_000, 5_000_000] {
                assert_eq!(accept(&node, &fixture, at_ms(ms)).await, Ok(1));
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
            fixture
        });
        life(async {
            let script = |_: &_, _| (Duration::ZERO, status(200));
            let store = if is_shared {
                shared(folder.path())
            } else {
                crate::support::inline(folder.path())
            };
            let node = Node::start_over(store, 20_000, EngineSettings::default(), script).await;
            node.wait_until_settled(fixture.account).await;
            assert_times(&node, &[100_000, 5_000_000]);
        });
    }
}

#[test]
fn a_time_that_passed_while_no_node_ran_is_due_at_the_start() {
    let folder = folder();
    let fixture = life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        assert_eq!(accept(&node, &fixture, at_ms(100_000)).await, Ok(1));
        fixture
    });
    life(async {
        let node = started(folder.path(), 500_000, 200).await;
        node.wait_until_settled(fixture.account).await;
        assert_times(&node, &[500_000]);
    });
}

#[test]
fn a_clock_that_was_ahead_for_a_while_moves_no_time_that_a_producer_chose() {
    let folder = folder();
    let fixture = life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        node.receivers.clock.step(HOUR_MS);
        assert_eq!(accept(&node, &fixture, at_ms(HOUR_MS + 100_000)).await, Ok(1));
        fixture
    });
    life(async {
        let node = started(folder.path(), 5_000, 200).await;
        node.wait_until_settled(fixture.account).await;
        assert_times(&node, &[HOUR_MS + 100_000]);
    });
}

#[test]
fn retries_count_from_the_attempt_at_the_time() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 500).await;
        let fixture = node.account(&[URL]).await;
        assert_eq!(accept(&node, &fixture, at_ms(100_000)).await, Ok(1));
        node.wait_until_settled(fixture.account).await;
        assert_times(&node, &[100_000, 110_000, 210_000]);
    });
}

#[test]
fn a_resend_before_the_time_that_fails_leaves_the_time_as_it_is() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 500).await;
        let fixture = node.account(&[URL]).await;
        assert_eq!(accept(&node, &fixture, at_ms(100_000)).await, Ok(1));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let waiting = node.deliveries(fixture.account).await.remove(0);
        node.engine.resend(&BY, fixture.key(&waiting)).await.unwrap();
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.times(URL).len(), 4);
        assert_times(&node, &[10_000, 100_000, 110_000, 210_000]);
    });
}

#[test]
fn the_automations_of_the_acceptance_and_the_action_of_the_time_count() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        assert_eq!(accept(&node, &fixture, at_ms(100_000)).await, Ok(1));
        let other = "https://receiver.example/other";
        node.automation(fixture.account, &[other]).await;
        node.edit(&fixture, |draft| draft.enabled = false).await;
        let settled = node.wait_until_settled(fixture.account).await;
        assert_eq!(settled.len(), 1, "the later automation has no delivery");
        assert_eq!(settled[0].progress.status, DeliveryStatus::Canceled);
        assert!(node.seen().is_empty());
    });
}

#[test]
fn a_waiting_event_delays_no_other_and_counts_no_latency() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        for n in 0..300 {
            assert_eq!(accept(&node, &fixture, at_ms(3_600_000 + n)).await, Ok(1));
        }
        let before = node.clock_ms();
        assert_eq!(node.accept(fixture.account).await.deliveries, 1);
        while node.times(URL).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(node.times(URL)[0] - before <= 100, "{:?}", node.times(URL));
        let backlog = node.store.backlog(node.engine.clock().now()).await.unwrap();
        assert_eq!(
            backlog.oldest_due, None,
            "nothing that waits for its time is late"
        );
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let all = Timestamp::EPOCH..Timestamp::from_unix_ms(i64::MAX);
        let latencies = node.store.latencies(TimeStep::Hour, all).await.unwrap();
        let slowest = latencies.percentile(1.0).unwrap();
        assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    });
}

#[test]
fn a_time_too_far_ahead_and_headers_that_cannot_be_sent_are_refused() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 200).await;
        let fixture = node.account(&[URL]).await;
        let most = i64::try_from(DELIVER_AT_AHEAD_MAX.as_millis()).unwrap() + node.clock_ms();
        assert_eq!(accept(&node, &fixture, at_ms(most)).await, Ok(1));
        let refused = accept(&node, &fixture, at_ms(most + 1_000)).await;
        assert_eq!(refused, Err(Rejection::DeliverAtTooFar));
        let headers = EventHeaders::new(vec![("Webhook-Id".to_owned(), "x".to_owned())]);
        let refused = accept(&node, &fixture, Submission { headers, ..at_ms(0) }).await;
        assert!(matches!(refused, Err(Rejection::Headers(faults)) if faults[0].code == "reserved_header"));
    });
}

#[test]
fn every_attempt_has_the_events_headers_and_the_actions_own_take_precedence() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0, 500).await;
        let fixture = node.account(&[URL]).await;
        node.edit(&fixture, |draft| {
            let own = ("x-region".to_owned(), "eu".to_owned());
            crate::support::webhook(&mut draft.actions[0]).headers = vec![own];
        })
        .await;
        let headers = [("X-Tenant", "42"), ("X-Region", "us"), ("Accept", "text/plain")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = EventHeaders::new(headers.to_vec());
        let submission = Submission { headers, ..at_ms(0) };
        assert_eq!(accept(&node, &fixture, submission).await, Ok(1));
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.seen().len(), 3);
        for seen in node.seen() {
            let named = |name: &str| {
                let headers = seen.request.headers.iter();
                let found = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
            };
            assert_eq!(named("x-tenant"), ["42"]);
            assert_eq!(named("x-region"), ["eu"]);
            assert_eq!(named("accept"), ["text/plain"]);
        }
    });
}
