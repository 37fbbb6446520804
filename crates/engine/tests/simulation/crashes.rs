//! Starts and kills of a node over one data folder, on virtual time and from seeds.

use std::collections::HashSet;
use std::time::Duration;

use crate::support::{Node, folder, life, refused, status};
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::{DeliveryStatus, Outcome};

const URL: &str = "https://receiver.example/hook";

/// A receiver that is down, slow, failing or healthy, as the seed decides.
fn moody(seed: u64) -> impl Fn(&Request, usize) -> (Duration, Response) + Send + Sync {
    move |_, before| {
        let roll = (seed ^ (before as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let delay = Duration::from_millis(roll * 7);
        match roll {
            0..=60 => (delay, status(500)),
            61..=90 => (delay, refused(Outcome::ConnectError)),
            91..=100 => (Duration::from_secs(100), status(200)),
            _ => (delay, status(200)),
        }
    }
}

#[test]
fn a_kill_at_any_moment_loses_no_accepted_event_and_repeats_no_recorded_success() {
    for seed in 0..16_u64 {
        let folder = folder();
        let mut offset_ms = 0;
        let mut account = None;
        let mut accepted = HashSet::new();
        let mut settled_before = HashSet::new();
        for round in 0..4_u64 {
            let script = moody(seed * 31 + round);
            let lifetime = Duration::from_millis((seed * 7_919 + round * 104_729) % 15_000);
            life(async {
                let node = Node::start(folder.path(), offset_ms, EngineSettings::default(), script).await;
                let account = match account {
                    Some(account) => account,
                    None => *account.insert(node.account(&[URL]).await.account),
                };
                for _ in 0..20 {
                    accepted.insert(node.accept(account).await.id);
                    tokio::time::sleep(Duration::from_millis(seed * 3 % 50)).await;
                }
                tokio::time::sleep(lifetime).await;
                check_no_receipt_repeated(&node, &settled_before);
                for delivery in node.deliveries(account).await {
                    if delivery.progress.status == DeliveryStatus::Succeeded {
                        settled_before.insert(delivery.id.to_string());
                    }
                }
                offset_ms = node.clock_ms() + 1;
                // The runtime is dropped here with everything in flight: a kill.
            });
        }
        life(async {
            let node = Node::start(folder.path(), offset_ms, EngineSettings::default(), |_, _| {
                (Duration::from_millis(3), status(200))
            })
            .await;
            let account = account.unwrap();
            let deliveries = node.wait_until_settled(account).await;
            check_no_receipt_repeated(&node, &settled_before);
            let delivered: HashSet<_> = deliveries.iter().map(|delivery| delivery.event).collect();
            assert_eq!(delivered, accepted, "seed {seed}");
            for delivery in &deliveries {
                // Three failed attempts across the node's lives are a valid end, too.
                let failed =
                    delivery.progress.status == DeliveryStatus::Failed && delivery.progress.attempts == 3;
                assert!(
                    failed || delivery.progress.status == DeliveryStatus::Succeeded,
                    "seed {seed}: {delivery:?}"
                );
            }
        });
    }
}

fn check_no_receipt_repeated(node: &Node, settled_before: &HashSet<String>) {
    for seen in node.seen() {
        assert!(
            !settled_before.contains(seen.header("postrider-delivery-id")),
            "a receipt was repeated"
        );
    }
}

#[test]
fn unfinished_work_is_taken_over_at_once() {
    let folder = folder();
    let account = life(async {
        let slow = |_: &Request, _| (Duration::from_secs(10), status(200));
        let node = Node::start(folder.path(), 0, EngineSettings::default(), slow).await;
        let fixture = node.account(&[URL]).await;
        for _ in 0..50 {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        fixture.account
    });
    life(async {
        let quick = |_: &Request, _| (Duration::from_millis(1), status(200));
        let node = Node::start(folder.path(), 60_000, EngineSettings::default(), quick).await;
        node.wait_until_settled(account).await;
        let times = node.times(URL);
        assert_eq!(times.len(), 50);
        assert!(times.iter().all(|time| *time < 60_250), "{times:?}");
        assert!(
            node.seen()
                .iter()
                .all(|seen| seen.header("postrider-attempt") == "1")
        );
    });
}

#[test]
fn a_stop_finishes_attempts_in_flight_and_returns_the_rest() {
    let folder = folder();
    let account = life(async {
        let slow = |_: &Request, _| (Duration::from_millis(900), status(200));
        let node = Node::start(folder.path(), 0, EngineSettings::default(), slow).await;
        let fixture = node.account(&[URL]).await;
        for _ in 0..50 {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let under_way = node.seen().len();
        node.engine.stop(Duration::from_secs(20)).await;
        let deliveries = node.deliveries(fixture.account).await;
        let succeeded = deliveries
            .iter()
            .filter(|delivery| delivery.progress.status == DeliveryStatus::Succeeded)
            .count();
        assert_eq!(
            (succeeded, node.seen().len()),
            (under_way, under_way),
            "those under way ended, no other began"
        );
        assert!(
            deliveries
                .iter()
                .all(|delivery| delivery.progress.status == DeliveryStatus::Succeeded
                    || delivery.next_attempt_at.is_some())
        );
        fixture.account
    });
    life(async {
        let node = Node::start(folder.path(), 5_000, EngineSettings::default(), |_, _| {
            (Duration::from_millis(1), status(200))
        })
        .await;
        node.wait_until_settled(account).await;
        assert_eq!(node.seen().len() + 8, 50, "nothing is repeated");
    });
}

#[test]
fn a_stop_does_not_wait_longer_than_its_grace() {
    let folder = folder();
    life(async {
        let silent = |_: &Request, _| (Duration::from_secs(14), status(200));
        let node = Node::start(folder.path(), 0, EngineSettings::default(), silent).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = tokio::time::Instant::now();
        node.engine.stop(Duration::from_secs(2)).await;
        assert!(
            began.elapsed() < Duration::from_millis(2_100),
            "{:?}",
            began.elapsed()
        );
        let delivery = node.deliveries(fixture.account).await.remove(0);
        assert_eq!(
            (delivery.progress.attempts, delivery.next_attempt_at.is_some()),
            (0, true),
            "given back untried"
        );
    });
}

#[test]
fn a_backlog_larger_than_the_window_drains_from_the_store_in_bounded_memory() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            window_deliveries: 64,
            in_flight_max: 16,
            ..EngineSettings::default()
        };
        let node = Node::start(folder.path(), 0, settings, |_, _| {
            (Duration::from_millis(5), status(200))
        })
        .await;
        let fixture = node.account(&[URL, "https://other.example/hook"]).await;
        let mut accepted = 0;
        for _ in 0..1_000 {
            accepted += node.accept(fixture.account).await.deliveries;
            assert!(node.engine.load().deliveries <= 64);
        }
        while node.seen().len() < accepted as usize {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(node.engine.load().deliveries <= 64 && node.engine.load().in_flight <= 16);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(node.engine.load().deliveries, 0);
        let ids: HashSet<String> = node
            .seen()
            .iter()
            .map(|seen| seen.header("postrider-delivery-id").to_owned())
            .collect();
        assert_eq!((ids.len(), node.seen().len()), (2_000, 2_000), "each once");
    });
}

#[test]
fn a_panic_in_a_task_of_the_engine_is_told_so_that_the_process_ends() {
    let folder = folder();
    life(async {
        let settings = EngineSettings::default();
        let node = Node::start(folder.path(), 0, settings, |_, _| (Duration::ZERO, status(200))).await;
        let failed = || tokio::time::timeout(Duration::from_secs(90), node.engine.failed());
        assert!(failed().await.is_err(), "an engine without a defect goes on");
        // Only the task that prunes reads the system's clock while nothing is sent.
        node.receivers.clock.fail();
        assert_eq!(failed().await, Ok("prune"));
    });
}
