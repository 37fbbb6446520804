//! A receiver's advice counts in any protocol: these carriers speak none, and their exchanges hold no status
//! code that would say the same.

use crate::support::BY;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Fixture, Node, folder, life};
use async_trait::async_trait;
use postrider_egress::NotSent;
use postrider_engine::carry::{Advice, Carried, Carrier, Job};
use postrider_model::automation::DisabledReason;
use postrider_model::{DeliveryStatus, Exchange, HttpExchange, HttpRequest, Outcome, SendWebhook};

const URL: &str = "https://receiver.example/hook";

/// A carrier whose attempts all fail with this advice.
struct Failing(Advice);

#[async_trait]
impl Carrier<SendWebhook> for Failing {
    async fn carry(&self, _: Job<'_>, action: &SendWebhook) -> Result<Carried, NotSent> {
        Ok(Carried {
            outcome: Outcome::ProtocolError,
            error: Some("scripted".to_owned()),
            exchange: Exchange::Http(HttpExchange {
                request: HttpRequest {
                    url: action.url.clone(),
                    headers: Vec::new(),
                },
                response: None,
            }),
            advice: self.0,
            waited: Duration::ZERO,
        })
    }
}

async fn start(folder: &std::path::Path, advice: Advice) -> (Node, Fixture) {
    let node = Node::start_carrying(folder, Failing(advice)).await;
    let fixture = node.account(&[URL]).await;
    node.accept(fixture.account).await;
    (node, fixture)
}

async fn disabled_reason(node: &Node, fixture: &Fixture) -> Option<DisabledReason> {
    let (account, automation) = (fixture.account, fixture.automation);
    let automation = node.configuration.automation(account, automation).await;
    automation.unwrap().unwrap().actions[0].disabled_reason
}

#[test]
fn the_advice_to_stop_disables_the_action_after_the_last_attempt() {
    let folder = folder();
    life(async {
        let gone = Advice {
            gone: true,
            ..Advice::default()
        };
        let (node, fixture) = start(folder.path(), gone).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(disabled_reason(&node, &fixture).await, None, "an attempt is left");
        let deliveries = node.wait_until_settled(fixture.account).await;
        assert_eq!(deliveries[0].progress.status, DeliveryStatus::Failed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let reason = disabled_reason(&node, &fixture).await;
        assert_eq!(reason, Some(DisabledReason::Gone));
    });
}

#[test]
fn without_that_advice_the_action_stays_enabled() {
    let folder = folder();
    life(async {
        let (node, fixture) = start(folder.path(), Advice::default()).await;
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(disabled_reason(&node, &fixture).await, None);
    });
}

#[test]
fn the_advice_to_wait_postpones_the_next_attempt() {
    let folder = folder();
    life(async {
        let wait = Duration::from_secs(40);
        let later = Advice {
            retry_after: Some(wait),
            ..Advice::default()
        };
        let (node, fixture) = start(folder.path(), later).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        let record = node.store.record(fixture.key(&delivery)).await.unwrap().unwrap();
        let starts: Vec<_> = record.attempts.iter().map(|attempt| attempt.started_at).collect();
        assert_eq!(starts.len(), 3);
        let first = starts[1].since(starts[0]);
        assert!(
            first >= wait && first < wait + Duration::from_secs(1),
            "{first:?}"
        );
        let second = starts[2].since(starts[1]);
        assert!(
            second >= Duration::from_secs(100),
            "it may only postpone: {second:?}"
        );
    });
}

/// A carrier with a defect.
struct Panicking;

#[async_trait]
impl Carrier<SendWebhook> for Panicking {
    async fn carry(&self, _: Job<'_>, _: &SendWebhook) -> Result<Carried, NotSent> {
        panic!("a defect of the carrier")
    }
}

#[test]
fn a_panicking_carrier_is_a_failed_attempt_and_frees_its_slot() {
    let folder = folder();
    life(async {
        let node = Node::start_carrying(folder.path(), Panicking).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        let record = node.store.record(fixture.key(&delivery)).await.unwrap().unwrap();
        let outcomes: Vec<_> = record.attempts.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(outcomes, [Outcome::ProtocolError; 3]);
        assert_eq!(node.engine.load().in_flight, 0);
    });
}

/// A carrier that waits for a connection for ten seconds before it sends.
struct Waiting(Arc<AtomicUsize>);

#[async_trait]
impl Carrier<SendWebhook> for Waiting {
    async fn carry(&self, job: Job<'_>, action: &SendWebhook) -> Result<Carried, NotSent> {
        tokio::time::sleep(Duration::from_secs(10)).await;
        if !(job.may_leave)() {
            return Err(NotSent::Forbidden);
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        let mut carried = Failing(Advice::default()).carry(job, action).await?;
        carried.outcome = Outcome::Succeeded;
        Ok(carried)
    }
}

#[test]
fn an_action_that_is_deleted_while_its_request_waits_for_a_connection_is_not_called() {
    for is_deleted in [false, true] {
        let folder = folder();
        life(async {
            let sent = Arc::new(AtomicUsize::new(0));
            let node = Node::start_carrying(folder.path(), Waiting(Arc::clone(&sent))).await;
            let fixture = node.account(&[URL]).await;
            node.accept(fixture.account).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            if is_deleted {
                let (account, automation) = (fixture.account, fixture.automation);
                let deleted = node
                    .configuration
                    .delete_automation(&BY, account, automation, None)
                    .await;
                assert!(deleted.unwrap().is_deleted());
            }
            let delivery = node.wait_until_settled(fixture.account).await.remove(0);
            let (status, requests) = if is_deleted {
                (DeliveryStatus::Canceled, 0)
            } else {
                (DeliveryStatus::Succeeded, 1)
            };
            assert_eq!(delivery.progress.status, status);
            assert_eq!(sent.load(Ordering::SeqCst), requests);
        });
    }
}
