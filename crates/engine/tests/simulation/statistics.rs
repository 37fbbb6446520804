//! Figures on virtual time: they are exact, they reach the store, and an overview shows them at once.

use crate::support::BY;
use std::time::Duration;

use crate::support::{Fixture, Node, START_MS, folder, inline, life, status};
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_figures::{FLUSH_EVERY, Overview, Range, Rate};
use postrider_model::{AccountId, Timestamp};
use postrider_storage::statistics::{Counts, ROW_BYTES, Scope, TimeStep};
use postrider_storage_sqlite::DATABASE_FILE;
use rusqlite::Connection;

const GOOD: &str = "https://receiver.example/good";
const BAD: &str = "https://receiver.example/bad";

/// What an event of [`Node::accept`] with two deliveries stores: 12 bytes of data and three rows.
const EVENT_BYTES: u64 = 12 + 3 * ROW_BYTES;

/// What an attempt stores: 12 bytes of the response and a row.
const ATTEMPT_BYTES: u64 = 12 + ROW_BYTES;

/// One receiver responds with 200 after 100 ms, the other with 500 at once.
fn good_or_bad(request: &Request, _: usize) -> (Duration, Response) {
    if request.url == GOOD {
        (Duration::from_millis(100), status(200))
    } else {
        (Duration::ZERO, status(500))
    }
}

/// The installation's counts in the store itself, summed over its hours.
async fn stored(node: &Node) -> Counts {
    let all = Timestamp::from_unix_ms(0)..Timestamp::from_unix_ms(i64::MAX);
    let store = &node.store;
    let steps = store.statistics(Scope::Installation, TimeStep::Hour, all).await;
    let mut sum = Counts::default();
    for (_, counts) in steps.unwrap() {
        sum += counts;
    }
    sum
}

/// What the account stored, as the store knows it.
async fn stored_bytes(node: &Node, account: AccountId) -> u64 {
    let start = Timestamp::from_unix_ms(START_MS - START_MS % 3_600_000);
    let span = start..start.after(Duration::from_secs(24 * 3600));
    node.store.stored_bytes(account, span).await.unwrap()
}

async fn overview(node: &Node, range: Range) -> Overview {
    node.figures.overview(range).await.unwrap()
}

/// The counts of `events` events that each go to one good and one bad receiver.
fn two_receivers(events: u64) -> Counts {
    Counts {
        events,
        succeeded: events,
        failed: events,
        canceled: 0,
        attempts: 4 * events,
        attempts_failed: 3 * events,
        stored_bytes: events * (EVENT_BYTES + 4 * ATTEMPT_BYTES),
        held_back: 0,
    }
}

/// Switches the account's automation off.
async fn switch_off(node: &Node, fixture: &Fixture) {
    node.edit(fixture, |automation| automation.enabled = false).await;
}

#[test]
fn a_run_is_counted_exactly_before_and_after_it_is_stored() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), good_or_bad).await;
        let fixture = node.account(&[GOOD, BAD]).await;
        for _ in 0..20 {
            node.accept(fixture.account).await;
        }
        let first = overview(&node, Range::Hour).await;
        assert_eq!((first.totals.events, first.backlog.pending), (20, 40));
        assert_eq!(stored(&node).await, Counts::default(), "nothing was written yet");

        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(2 * FLUSH_EVERY).await;
        let mut expected = two_receivers(20);
        assert_eq!(stored(&node).await, expected);
        // Their deliveries to BAD wait for a retry when the automation is switched off.
        for _ in 0..5 {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        switch_off(&node, &fixture).await;
        node.wait_until_settled(fixture.account).await;
        expected += Counts {
            events: 5,
            succeeded: 5,
            failed: 0,
            canceled: 5,
            attempts: 10,
            attempts_failed: 5,
            stored_bytes: 5 * EVENT_BYTES + 10 * ATTEMPT_BYTES,
            held_back: 0,
        };
        for range in Range::ALL {
            assert_eq!(overview(&node, range).await.totals, expected, "{range:?}");
        }
        tokio::time::sleep(2 * FLUSH_EVERY).await;
        assert_eq!(stored(&node).await, expected);
        assert_eq!(stored_bytes(&node, fixture.account).await, expected.stored_bytes);
        let last = overview(&node, Range::Day).await;
        assert_eq!(last.totals, expected);
        assert_eq!(last.failure_rate, Some(20.0 / 45.0));
        // The receiver responds after 100 ms, and some deliveries wait in the lane for others.
        let (half, most) = (last.latency_p50.unwrap(), last.latency_p95.unwrap());
        assert!(
            half.as_millis() >= 90 && most.as_millis() <= 400 && half <= most,
            "{half:?} {most:?}"
        );
        let [failing] = last.failing.as_slice() else {
            panic!("one action fails: {:?}", last.failing);
        };
        assert_eq!((failing.failed, failing.succeeded), (20, 0));
        assert_eq!(failing.key.automation, fixture.automation);
        let rates = node.figures.action_rates(fixture.account).await.unwrap();
        assert_eq!(rates.len(), 2);
        assert_eq!(
            rates[&failing.key.action],
            Rate {
                succeeded: 0,
                failed: 20
            }
        );
    });
}

#[test]
fn a_range_has_aligned_steps_that_end_now_and_includes_empty_ones() {
    let folder = folder();
    life(async {
        let offset_ms = 7 * 3_600_000 + 12_345;
        let node = Node::start(folder.path(), offset_ms, EngineSettings::default(), good_or_bad).await;
        for (range, hours_shown) in Range::ALL.into_iter().zip([1, 24, 7 * 24, 30 * 24]) {
            let fixture = node.account(&[GOOD]).await;
            let before = overview(&node, range).await;
            node.accept(fixture.account).await;
            let now = node.engine.clock().now();
            let shown = overview(&node, range).await;
            assert_eq!(shown.steps.len(), range.steps());
            assert_eq!(
                range.step() * range.steps() as u32,
                Duration::from_secs(3600 * hours_shown)
            );
            let mut at = shown.steps[0].at;
            assert_eq!(at.unix_ms() % range.step().as_millis() as i64, 0);
            for step in &shown.steps {
                assert_eq!(step.at, at);
                at = at.after(range.step());
            }
            let last = shown.steps.last().unwrap();
            assert!(last.at <= now && now < at);
            let last_before = before.steps.last().unwrap();
            assert_eq!(last.counts.events, last_before.counts.events + 1, "{range:?}");
            node.wait_until_settled(fixture.account).await;
        }
        let all = overview(&node, Range::Month).await;
        assert_eq!(all.steps.iter().filter(|step| step.counts.events > 0).count(), 1);
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        let empty = overview(&node, Range::Hour).await;
        assert_eq!(empty.totals, Counts::default());
        assert_eq!((empty.failure_rate, empty.latency_p50), (None, None));
        assert_eq!(overview(&node, Range::Day).await.totals.events, 4);
    });
}

#[test]
fn a_resend_counts_only_if_it_changes_the_status() {
    let folder = folder();
    life(async {
        // Three failed attempts, then successful ones.
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, before| {
            (Duration::ZERO, status(if before < 3 { 500 } else { 200 }))
        })
        .await;
        let fixture = node.account(&[GOOD]).await;
        node.accept(fixture.account).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        for succeeded in [1, 1] {
            node.engine.resend(&BY, fixture.key(&delivery)).await.unwrap();
            node.wait_until_settled(fixture.account).await;
            let totals = overview(&node, Range::Hour).await.totals;
            assert_eq!((totals.succeeded, totals.failed), (succeeded, 1));
        }
        let shown = overview(&node, Range::Hour).await;
        assert_eq!((shown.totals.attempts, shown.totals.attempts_failed), (5, 3));
        assert_eq!(
            shown.latency_p50, None,
            "a resend tells nothing of how long deliveries take"
        );
    });
}

#[test]
fn test_events_count_with_what_they_store_only() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), good_or_bad).await;
        let fixture = node.account(&[GOOD, BAD]).await;
        let (account, automation) = (fixture.account, fixture.automation);
        let sent = node.engine.send_test(&BY, account, automation, None, None).await;
        assert!(matches!(sent, Ok(Some(Ok(_)))), "{sent:?}");
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(2 * FLUSH_EVERY).await;
        // The data is `{"test":true}`, a byte more than that of other events.
        let expected = Counts {
            stored_bytes: EVENT_BYTES + 1 + 4 * ATTEMPT_BYTES,
            ..Counts::default()
        };
        assert_eq!(overview(&node, Range::Hour).await.totals, expected);
        assert_eq!(stored(&node).await, expected);
        assert_eq!(stored_bytes(&node, fixture.account).await, expected.stored_bytes);
    });
}

#[test]
fn no_count_is_lost_or_doubled_while_the_store_fails() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), good_or_bad).await;
        let fixture = node.account(&[GOOD, BAD]).await;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        outside
            .execute_batch(
                "CREATE TRIGGER refuse BEFORE INSERT ON latencies BEGIN SELECT RAISE(ABORT, 'refused'); END",
            )
            .unwrap();
        for _ in 0..10 {
            node.accept(fixture.account).await;
            tokio::time::sleep(3 * FLUSH_EVERY).await;
        }
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(3 * FLUSH_EVERY).await;
        assert_eq!(stored(&node).await, Counts::default());
        assert_eq!(overview(&node, Range::Hour).await.totals, two_receivers(10));
        outside.execute_batch("DROP TRIGGER refuse").unwrap();
        tokio::time::sleep(2 * FLUSH_EVERY).await;
        assert_eq!(stored(&node).await, two_receivers(10));
        assert_eq!(overview(&node, Range::Hour).await.totals, two_receivers(10));
    });
}

#[test]
fn a_stop_writes_the_remaining_counts() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), good_or_bad).await;
        let fixture = node.account(&[GOOD]).await;
        for _ in 0..3 {
            node.accept(fixture.account).await;
        }
        // The responses arrive during the stop.
        node.engine.stop(Duration::from_secs(1)).await;
        node.figures.stop().await;
        let expected = Counts {
            events: 3,
            succeeded: 3,
            attempts: 3,
            stored_bytes: 3 * (EVENT_BYTES - ROW_BYTES + ATTEMPT_BYTES),
            ..Counts::default()
        };
        assert_eq!(stored(&node).await, expected);
    });
}

#[test]
fn figures_are_pruned_by_their_age() {
    let folder = folder();
    let all = || Timestamp::from_unix_ms(0)..Timestamp::from_unix_ms(i64::MAX);
    // Starts the node `hours` hours after the beginning, and returns what its pruning leaves.
    let kept_after = |hours: i64| {
        life(async {
            let settings = EngineSettings {
                retention: Duration::from_secs(3600),
                ..EngineSettings::default()
            };
            let (store, offset_ms) = (inline(folder.path()), hours * 3_600_000);
            // As if a node had run all the time.
            let now = Timestamp::from_unix_ms(START_MS + offset_ms);
            store.confirm_time(now).await.unwrap();
            let node = Node::start_over(store, offset_ms, settings, good_or_bad).await;
            if hours == 0 {
                let fixture = node.account(&[GOOD]).await;
                node.accept(fixture.account).await;
                node.wait_until_settled(fixture.account).await;
            }
            tokio::time::sleep(2 * FLUSH_EVERY).await;
            let store = &node.store;
            let minutes = store
                .statistics(Scope::Installation, TimeStep::Minute, all())
                .await;
            let hours = store.statistics(Scope::Installation, TimeStep::Hour, all()).await;
            let latencies = store.latencies(TimeStep::Hour, all()).await.unwrap();
            (
                minutes.unwrap().len(),
                hours.unwrap().len(),
                latencies.filled().count(),
            )
        })
    };
    assert_eq!(kept_after(0), (1, 1, 1));
    assert_eq!(kept_after(48), (1, 1, 1));
    assert_eq!(kept_after(49), (0, 1, 1));
    assert_eq!(kept_after(32 * 24), (0, 1, 1));
    assert_eq!(kept_after(32 * 24 + 1), (0, 0, 0));
}
