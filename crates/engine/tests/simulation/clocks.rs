//! A system clock that is wrong for a while.

use std::time::Duration;

use crate::support::{Node, folder, life, status};
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;
use postrider_storage::{AuditFilter, PageRequest};

const URL: &str = "https://receiver.example/hook";
const DAY_MS: i64 = 86_400_000;

/// Events are kept for half a day, so that half an hour of a wrong clock is enough to lose them.
fn settings() -> EngineSettings {
    EngineSettings {
        retention: Duration::from_secs(43_200),
        ..EngineSettings::default()
    }
}

#[test]
fn a_clock_that_is_32_days_ahead_for_a_while_prunes_nothing() {
    let folder = folder();
    let (account, event) = life(async {
        let node = Node::start(folder.path(), 0, settings(), |_, _| (Duration::ZERO, status(200))).await;
        let fixture = node.account(&[URL]).await;
        let event = node.accept(fixture.account).await.id;
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(90)).await;
        node.receivers.clock.step(32 * DAY_MS);
        tokio::time::sleep(Duration::from_secs(600)).await;
        let read = node.store.event(fixture.account, event).await.unwrap();
        assert!(read.is_some(), "ten minutes of a wrong clock");
        (fixture.account, event)
    });
    // A restart with the wrong clock confirms nothing.
    life(async {
        let script = |_: &_, _| (Duration::ZERO, status(200));
        let node = Node::start(folder.path(), 33 * DAY_MS, settings(), script).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(node.store.event(account, event).await.unwrap().is_some());
        node.receivers.clock.step(-33 * DAY_MS);
        tokio::time::sleep(Duration::from_secs(11 * 3600)).await;
        assert!(node.store.event(account, event).await.unwrap().is_some());
        tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
        let read = node.store.event(account, event).await.unwrap();
        assert!(read.is_none(), "it is pruned when its time has come");
    });
}

#[test]
fn audit_entries_are_pruned_by_their_age() {
    let trail = async |node: &Node| {
        let page = PageRequest {
            limit: 50,
            after: None,
        };
        let page = node.store.audit(&AuditFilter::default(), page).await.unwrap();
        page.items.len()
    };
    assert_eq!(
        EngineSettings::default().audit_retention,
        Duration::from_secs(400 * 86_400)
    );
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            audit_retention: Duration::from_secs(43_200),
            ..EngineSettings::default()
        };
        let node = Node::start(folder.path(), 0, settings, |_, _| (Duration::ZERO, status(200))).await;
        node.account(&[URL]).await;
        let entries = trail(&node).await;
        assert!(entries >= 2, "an account and an automation");
        tokio::time::sleep(Duration::from_secs(11 * 3600)).await;
        assert_eq!(trail(&node).await, entries);
        node.account(&[URL]).await;
        tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
        assert_eq!(trail(&node).await, entries, "those of the second account alone");
        // A clock that is ahead for a while removes nothing.
        node.receivers.clock.step(500 * DAY_MS);
        tokio::time::sleep(Duration::from_secs(1_800)).await;
        assert_eq!(trail(&node).await, entries);
    });
}

#[test]
fn a_clock_that_stays_ahead_is_believed_in_the_end() {
    let folder = folder();
    life(async {
        let settings = EngineSettings::default();
        let node = Node::start(folder.path(), 0, settings, |_, _| (Duration::ZERO, status(200))).await;
        let fixture = node.account(&[URL]).await;
        let event = node.accept(fixture.account).await.id;
        node.receivers.clock.step(32 * DAY_MS);
        tokio::time::sleep(Duration::from_secs(34 * 3600)).await;
        assert!(node.store.event(fixture.account, event).await.unwrap().is_none());
    });
}

#[test]
fn a_step_of_the_clock_that_is_set_right_delays_no_retry_after_a_restart() {
    for (step_ms, code) in [(30_000, 500), (3_600_000, 500), (3_600_000, 503)] {
        let folder = folder();
        let account = life(async {
            let settings = EngineSettings::default();
            let script = move |_: &_, _| (Duration::from_secs(2), status(code));
            let node = Node::start(folder.path(), 0, settings, script).await;
            let fixture = node.account(&[URL]).await;
            node.accept(fixture.account).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            // The attempt under way ends after the step, another one begins after it.
            node.receivers.clock.step(step_ms);
            node.accept(fixture.account).await;
            tokio::time::sleep(Duration::from_secs(4)).await;
            fixture.account
        });
        life(async {
            let settings = EngineSettings::default();
            let script = |_: &_, _| (Duration::ZERO, status(200));
            let node = Node::start(folder.path(), 5_000, settings, script).await;
            tokio::time::sleep(Duration::from_secs(11)).await;
            let settled = node.count(account, DeliveryStatus::Succeeded).await;
            assert_eq!(settled, 2, "a retry is due 10 s after the start at the latest");
        });
    }
}
