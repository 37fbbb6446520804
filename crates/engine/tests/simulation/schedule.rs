//! The schedule on virtual time: when attempts are made, and when they end.

use crate::support::BY;
use std::time::Duration;

use crate::support::{Node, folder, life, refused, status};
use postrider_configuration::AccountDraft;
use postrider_engine::EngineSettings;
use postrider_model::{DeliveryStatus, Outcome, Schedule};
use postrider_storage::AccountRef;

const URL: &str = "https://receiver.example/hook";

fn near(times: &[i64], expected: &[i64]) {
    assert_eq!(times.len(), expected.len(), "{times:?}");
    for (time, expected) in times.iter().zip(expected) {
        assert!((time - expected).abs() <= 250, "{times:?}");
    }
}

#[test]
fn instant_failures_are_attempted_at_0_10_and_110_seconds_then_never() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, _| {
            (Duration::ZERO, status(500))
        })
        .await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        let deliveries = node.wait_until_settled(fixture.account).await;
        assert_eq!(
            (deliveries[0].progress.status, deliveries[0].progress.attempts),
            (DeliveryStatus::Failed, 3)
        );
        tokio::time::sleep(Duration::from_secs(6 * 3600)).await;
        near(&node.times(URL), &[0, 10_000, 110_000]);
        let key = fixture.key(&deliveries[0]);
        let attempts = node.store.record(key).await.unwrap().unwrap().attempts;
        assert_eq!(
            attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    });
}

#[test]
fn delays_count_from_the_end_of_the_failed_attempt() {
    let folder = folder();
    life(async {
        let slow = Duration::from_secs(3600);
        let node = Node::start(folder.path(), 0, EngineSettings::default(), move |_, _| {
            (slow, status(200))
        })
        .await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        let deliveries = node.wait_until_settled(fixture.account).await;
        near(&node.times(URL), &[0, 25_000, 140_000]);
        assert_eq!(deliveries[0].last_outcome, Some(Outcome::Timeout));
    });
}

#[test]
fn a_success_ends_the_schedule() {
    let folder = folder();
    life(async {
        let script = |_: &_, before| {
            (
                Duration::ZERO,
                if before == 0 {
                    refused(Outcome::ConnectError)
                } else {
                    status(204)
                },
            )
        };
        let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        let deliveries = node.wait_until_settled(fixture.account).await;
        assert_eq!(
            (deliveries[0].progress.status, deliveries[0].progress.attempts),
            (DeliveryStatus::Succeeded, 2)
        );
        tokio::time::sleep(Duration::from_secs(7200)).await;
        near(&node.times(URL), &[0, 10_000]);
    });
}

#[test]
fn every_attempt_carries_the_same_id_and_bytes_and_its_own_number_and_time() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, _| {
            (Duration::ZERO, status(503))
        })
        .await;
        let fixture = node.account(&[URL]).await;
        let accepted = node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        let seen = node.seen();
        for (seen, number) in seen.iter().zip(1..) {
            assert_eq!(seen.header("webhook-id"), accepted.id.to_string());
            assert_eq!(seen.request.body, node.seen()[0].request.body);
            assert_eq!(seen.header("Postrider-Attempt"), number.to_string());
        }
        let times: Vec<i64> = seen
            .iter()
            .map(|seen| seen.header("webhook-timestamp").parse().unwrap())
            .collect();
        assert_eq!((times[1] - times[0], times[2] - times[1]), (10, 100));
    });
}

#[test]
fn the_automations_schedule_overrides_the_accounts_and_the_installations() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            retry_delays: Schedule::from_delays_s(vec![1]).unwrap(),
            ..EngineSettings::default()
        };
        let node = Node::start(folder.path(), 0, settings, |_, _| (Duration::ZERO, status(500))).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        near(&node.times(URL), &[0, 1_000]);

        let account = AccountRef::Id(fixture.account);
        let account = node.configuration.account(&account).await.unwrap().unwrap();
        let edited = AccountDraft {
            retry_delays_s: Some(vec![2, 2]),
            ..AccountDraft::of(&account)
        };
        node.configuration
            .update_account(&BY, account, edited)
            .await
            .unwrap();
        let began = node.times(URL).len();
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        let times = node.times(URL)[began..].to_vec();
        near(&times, &[times[0], times[0] + 2_000, times[0] + 4_000]);

        node.edit(&fixture, |automation| automation.retry_delays_s = Some(vec![]))
            .await;
        let began = node.times(URL).len();
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.times(URL).len(), began + 1);
    });
}

#[test]
fn retry_after_only_postpones() {
    let folder = folder();
    life(async {
        let script = |_: &_, before| {
            let mut response = status(429);
            response.retry_after = Some(Duration::from_secs(if before == 0 { 30 } else { 1 }));
            (Duration::ZERO, response)
        };
        let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        near(&node.times(URL), &[0, 30_000, 130_000]);
    });
}

#[test]
fn many_retries_due_at_once_are_all_on_time() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, before| {
            (
                Duration::from_millis(1),
                status(if before < 2_000 { 500 } else { 200 }),
            )
        })
        .await;
        let fixture = node.account(&[URL]).await;
        for _ in 0..2_000 {
            node.accept(fixture.account).await;
        }
        let last = *node.times(URL).last().unwrap();
        let mut page = node.deliveries(fixture.account).await;
        while page
            .iter()
            .any(|delivery| delivery.progress.status == DeliveryStatus::Pending)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
            page = node.deliveries(fixture.account).await;
        }
        let times = node.times(URL);
        assert_eq!(times.len(), 4_000);
        assert!(times[3_999] <= last + 10_250, "{} after {last}", times[3_999]);
    });
}
