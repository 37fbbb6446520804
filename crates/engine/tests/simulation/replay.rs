//! Replays: counted first, then run, with progress reports.

use crate::support::BY;
use std::path::Path;
use std::time::Duration;

use crate::support::{Fixture, Node, START_MS, folder, life, life_beside_threads, status, threaded, webhook};
use bytes::Bytes;
use postrider_configuration::AutomationDraft;
use postrider_egress::{Request, Response};
use postrider_engine::{BulkProgress, EngineSettings, ReplayError, ReplayRunning, Submission};
use postrider_model::{DeliveryStatus, Timestamp};
use postrider_storage::DeliveryFilter;
use postrider_storage_sqlite::DATABASE_FILE;
use rusqlite::Connection;

const GOOD: &str = "https://receiver.example/good";
const BAD: &str = "https://receiver.example/bad";
const SLOW: &str = "https://receiver.example/slow";
const OFF: &str = "https://receiver.example/off";

/// More than a store makes due in one step.
const MANY: usize = 1_200;

/// More time than any count here needs.
const LONG: Duration = Duration::from_secs(60);

fn respond(request: &Request, _before: usize) -> (Duration, Response) {
    match request.url.as_str() {
        BAD => (Duration::ZERO, status(500)),
        SLOW => (Duration::from_secs(10), status(200)),
        _ => (Duration::ZERO, status(200)),
    }
}

async fn started(folder: &Path) -> Node {
    Node::start(folder, 0, EngineSettings::default(), respond).await
}

async fn accept_many(node: &Node, fixture: &Fixture, events: usize) {
    let submission = || Submission::new("proposal.accepted".parse().unwrap(), Bytes::from_static(b"{}"));
    let submissions = std::iter::repeat_with(submission).take(events).collect();
    let accepted = node.engine.accept(fixture.account, submissions).await.unwrap();
    assert!(accepted.iter().all(Result::is_ok));
}

/// Waits until nothing is pending.
async fn wait_until_none_pending(node: &Node) {
    for _ in 0..10_000 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = node.engine.clock().now();
        if node.store.backlog(now).await.unwrap().pending == 0 {
            return;
        }
    }
    panic!("deliveries never settled");
}

async fn counted(node: &Node, fixture: &Fixture, filter: &DeliveryFilter) -> u64 {
    let count = node
        .engine
        .count_replay(fixture.account, filter, LONG)
        .await
        .unwrap();
    assert!(count.is_all);
    count.matching
}

async fn switch_off(node: &Node, fixture: &Fixture, url: &str) {
    let switch_off = |automation: &mut AutomationDraft| {
        for action in &mut automation.actions {
            action.enabled = action.enabled && webhook(action).url != url;
        }
    };
    node.edit(fixture, switch_off).await;
}

#[test]
fn the_replay_matches_its_count() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD, BAD, SLOW, OFF]).await;
        accept_many(&node, &fixture, 4).await;
        wait_until_none_pending(&node).await;
        switch_off(&node, &fixture, OFF).await;
        accept_many(&node, &fixture, 3).await;
        // The new deliveries to SLOW are under way, and those to BAD wait for a retry.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let in_status = |status| DeliveryFilter {
            status: Some(status),
            ..DeliveryFilter::default()
        };
        let cases = [
            (in_status(DeliveryStatus::Failed), 4),
            (in_status(DeliveryStatus::Succeeded), 7 + 4),
            (in_status(DeliveryStatus::Pending), 0),
        ];
        for (filter, expected) in &cases {
            assert_eq!(counted(&node, &fixture, filter).await, *expected, "{filter:?}");
            assert_eq!(
                counted(&node, &fixture, filter).await,
                *expected,
                "it changes nothing"
            );
            let replayed = node.engine.replay(&BY, fixture.account, filter.clone()).await;
            assert_eq!(replayed, Ok(*expected), "{filter:?}");
            assert_eq!(
                counted(&node, &fixture, filter).await,
                0,
                "all of them are pending"
            );
        }
        wait_until_none_pending(&node).await;
        let sent = node.seen().len();
        let all = DeliveryFilter::default();
        assert_eq!(counted(&node, &fixture, &all).await, 3 * 7);
        assert_eq!(node.engine.replay(&BY, fixture.account, all).await, Ok(3 * 7));
        wait_until_none_pending(&node).await;
        assert_eq!(node.seen().len() - sent, 3 * 7, "each was sent once more");
    });
}

#[test]
fn deliveries_after_the_count_are_not_replayed() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        accept_many(&node, &fixture, 5).await;
        wait_until_none_pending(&node).await;
        let before = node.engine.clock().now();
        let filter = DeliveryFilter {
            before: Some(before),
            ..DeliveryFilter::default()
        };
        assert_eq!(counted(&node, &fixture, &filter).await, 5);
        accept_many(&node, &fixture, 3).await;
        wait_until_none_pending(&node).await;
        assert_eq!(counted(&node, &fixture, &filter).await, 5);
        assert_eq!(node.engine.replay(&BY, fixture.account, filter).await, Ok(5));
        wait_until_none_pending(&node).await;
        let deliveries = node.deliveries(fixture.account).await;
        assert_eq!(deliveries.len(), 8);
        for delivery in deliveries {
            let attempts = if delivery.created_at < before { 2 } else { 1 };
            assert_eq!(delivery.progress.attempts, attempts, "{}", delivery.created_at);
        }
    });
}

#[test]
fn a_replay_continues_without_a_listener() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        accept_many(&node, &fixture, MANY).await;
        wait_until_none_pending(&node).await;
        drop(
            node.engine
                .replay_with_progress(&BY, fixture.account, DeliveryFilter::default())
                .unwrap(),
        );
        wait_until_none_pending(&node).await;
        assert_eq!(node.seen().len(), 2 * MANY);
    });
}

#[test]
fn an_account_runs_one_replay_at_a_time() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let (one, other) = (node.account(&[GOOD]).await, node.account(&[GOOD]).await);
        accept_many(&node, &one, 10).await;
        wait_until_none_pending(&node).await;
        let begin = |fixture: &Fixture| {
            node.engine
                .replay_with_progress(&BY, fixture.account, DeliveryFilter::default())
        };
        let mut first = begin(&one).unwrap();
        assert!(begin(&one).is_err());
        let second = node
            .engine
            .replay(&BY, one.account, DeliveryFilter::default())
            .await;
        assert_eq!(second, Err(ReplayError::Running(ReplayRunning)));
        assert!(begin(&other).is_ok());
        first
            .wait_for(|progress| progress.result.is_some())
            .await
            .unwrap();
        assert!(begin(&one).is_ok());
    });
}

#[test]
fn progress_grows_until_the_replay_ends() {
    let folder = folder();
    let fixture = life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        accept_many(&node, &fixture, MANY).await;
        wait_until_none_pending(&node).await;
        fixture
    });
    // A store that runs inline never yields between the steps, so that the test could not observe the
    // progress.
    life_beside_threads(async {
        let (store, settings) = (threaded(folder.path()), EngineSettings::default());
        let node = Node::start_over(store, 3_600_000, settings, respond).await;
        let filter = DeliveryFilter {
            before: Some(Timestamp::from_unix_ms(START_MS + 3_600_000)),
            ..DeliveryFilter::default()
        };
        let count = counted(&node, &fixture, &filter).await;
        assert_eq!(count, MANY as u64);
        let mut progress = node
            .engine
            .replay_with_progress(&BY, fixture.account, filter)
            .unwrap();
        assert_eq!(*progress.borrow_and_update(), BulkProgress::default());
        let mut reported = Vec::new();
        while progress.changed().await.is_ok() {
            reported.push(progress.borrow_and_update().clone());
        }
        let replayed: Vec<_> = reported.iter().map(|progress| progress.done).collect();
        assert!(replayed.is_sorted(), "{replayed:?}");
        assert!(replayed[0] > 0 && replayed[0] < count, "{replayed:?}");
        let (last, earlier) = reported.split_last().unwrap();
        assert_eq!((last.done, &last.result), (count, &Some(Ok(()))));
        assert!(earlier.iter().all(|progress| progress.result.is_none()));
    });
}

#[test]
fn a_stop_ends_a_replay_after_the_step_under_way() {
    let folder = folder();
    let fixture = life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        accept_many(&node, &fixture, MANY).await;
        wait_until_none_pending(&node).await;
        fixture
    });
    life_beside_threads(async {
        let (store, settings) = (threaded(folder.path()), EngineSettings::default());
        let node = Node::start_over(store, 3_600_000, settings, respond).await;
        let filter = DeliveryFilter::default();
        let mut progress = node
            .engine
            .replay_with_progress(&BY, fixture.account, filter.clone())
            .unwrap();
        progress.changed().await.unwrap();
        node.engine.stop(LONG).await;
        let stopped = progress.borrow().clone();
        assert!(matches!(stopped.result, Some(Err(_))), "{stopped:?}");
        assert!(stopped.done > 0 && stopped.done < MANY as u64, "{stopped:?}");
        let late = node.engine.replay(&BY, fixture.account, filter).await;
        assert!(late.is_err(), "{late:?}");
    });
}

#[test]
fn an_aborted_replay_reports_its_progress() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        accept_many(&node, &fixture, 1).await;
        wait_until_none_pending(&node).await;
        let oldest = node.deliveries(fixture.account).await.remove(0);
        accept_many(&node, &fixture, MANY).await;
        wait_until_none_pending(&node).await;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let id: String = oldest
            .id
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let refuse = format!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON deliveries WHEN hex(OLD.id) = upper('{id}')
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        outside.execute_batch(&refuse).unwrap();
        let mut progress = node
            .engine
            .replay_with_progress(&BY, fixture.account, DeliveryFilter::default())
            .unwrap();
        let stopped = progress.wait_for(|progress| progress.result.is_some()).await;
        let stopped = stopped.unwrap().clone();
        assert!(matches!(stopped.result, Some(Err(_))), "{stopped:?}");
        assert!(stopped.done > 0 && stopped.done < MANY as u64, "{stopped:?}");
        wait_until_none_pending(&node).await;
        let sent_again = node.seen().len() - (MANY + 1);
        assert_eq!(
            sent_again as u64, stopped.done,
            "deliveries that became due stay due"
        );
    });
}
