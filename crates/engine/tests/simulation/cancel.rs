//! Canceling on request: of deliveries that wait, that are queued in memory, and that are under way.

use crate::support::BY;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Fixture, Node, accept_many, folder, inline, life, shared, status};
use postrider_configuration::RateLimitDraft;
use postrider_egress::{Request, Response};
use postrider_engine::{CancelError, CancelRunning, EngineSettings, ResendOutcome};
use postrider_figures::Range;
use postrider_model::{Delivery, DeliveryStatus};
use postrider_storage::DeliveryFilter;

const GOOD: &str = "https://receiver.example/good";
const BAD: &str = "https://receiver.example/bad";
const SLOW: &str = "https://receiver.example/slow";

/// More time than any count here needs.
const LONG: Duration = Duration::from_secs(60);

/// Far longer than any retry or wait for a slot.
const HOURS: Duration = Duration::from_secs(4 * 3600);

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

async fn cancel_all(node: &Node, fixture: &Fixture) -> u64 {
    let canceled = node
        .engine
        .cancel(&BY, fixture.account, DeliveryFilter::default());
    canceled.await.unwrap()
}

async fn after_a_second() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

fn all_are(deliveries: &[Delivery], status: DeliveryStatus) -> bool {
    deliveries
        .iter()
        .all(|delivery| delivery.progress.status == status)
}

/// The attempts on record, late ones included.
async fn recorded(node: &Node, fixture: &Fixture, delivery: &Delivery) -> usize {
    let record = node.store.record(fixture.key(delivery)).await.unwrap();
    record.unwrap().attempts.len()
}

#[test]
fn a_delivery_that_waits_for_a_retry_is_canceled_and_never_sent_again() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[BAD]).await;
        accept_many(&node, &fixture, 3).await;
        after_a_second().await;
        assert_eq!(cancel_all(&node, &fixture).await, 3);
        let deliveries = node.deliveries(fixture.account).await;
        assert!(all_are(&deliveries, DeliveryStatus::Canceled), "{deliveries:?}");
        tokio::time::sleep(HOURS).await;
        assert_eq!(node.times(BAD).len(), 3);
        assert_eq!(node.deliveries(fixture.account).await, deliveries);
    });
}

#[test]
fn deliveries_queued_in_memory_are_not_sent_once_they_are_canceled() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[SLOW]).await;
        accept_many(&node, &fixture, 600).await;
        after_a_second().await;
        let sent = node.times(SLOW).len();
        assert!(sent > 0 && sent < 600, "some are under way, others wait: {sent}");
        assert_eq!(cancel_all(&node, &fixture).await, 600);
        tokio::time::sleep(HOURS).await;
        assert_eq!(node.times(SLOW).len(), sent, "none has started since");
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.times(SLOW).len(), sent + 1, "new ones are sent");
        assert_eq!(node.count(fixture.account, DeliveryStatus::Canceled).await, 600);
    });
}

#[test]
fn the_attempt_under_way_is_recorded_and_changes_nothing() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[SLOW]).await;
        node.accept(fixture.account).await;
        after_a_second().await;
        assert_eq!(cancel_all(&node, &fixture).await, 1);
        let canceled = node.deliveries(fixture.account).await;
        assert!(all_are(&canceled, DeliveryStatus::Canceled));
        tokio::time::sleep(HOURS).await;
        assert_eq!(node.deliveries(fixture.account).await, canceled);
        assert_eq!(recorded(&node, &fixture, &canceled[0]).await, 1);
        assert_eq!(node.times(SLOW).len(), 1);
    });
}

#[test]
fn a_request_that_waits_for_a_connection_does_not_leave_once_it_is_canceled() {
    let folder = folder();
    life(async {
        let store = inline(folder.path());
        let settings = EngineSettings::default();
        let node = Node::start_bounded(store, 0, settings, 1, respond).await;
        let other = node.account(&[SLOW]).await;
        node.accept(other.account).await;
        after_a_second().await;
        let fixture = node.account(&[GOOD]).await;
        node.accept(fixture.account).await;
        after_a_second().await;
        assert_eq!(node.times(GOOD).len(), 0, "the other request holds the host");
        assert_eq!(cancel_all(&node, &fixture).await, 1);
        tokio::time::sleep(HOURS).await;
        assert_eq!(node.times(GOOD).len(), 0);
        assert!(all_are(
            &node.deliveries(other.account).await,
            DeliveryStatus::Succeeded
        ));
    });
}

#[test]
fn a_canceled_resend_leaves_the_delivery_as_it_was() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[SLOW]).await;
        node.accept(fixture.account).await;
        let settled = node.wait_until_settled(fixture.account).await;
        let key = fixture.key(&settled[0]);
        assert_eq!(node.engine.resend(&BY, key).await, Ok(ResendOutcome::Due));
        after_a_second().await;
        assert_eq!(node.times(SLOW).len(), 2, "the resend is under way");
        assert_eq!(cancel_all(&node, &fixture).await, 1);
        tokio::time::sleep(HOURS).await;
        let after = node.deliveries(fixture.account).await;
        assert_eq!(after[0].progress, settled[0].progress);
        assert_eq!(recorded(&node, &fixture, &after[0]).await, 2);
    });
}

#[test]
fn a_canceled_delivery_can_be_resent_while_its_old_attempt_is_under_way() {
    let folder = folder();
    life(async {
        let script = |_: &Request, nth| match nth {
            0 => (Duration::from_secs(10), status(500)),
            _ => (Duration::from_secs(12), status(200)),
        };
        let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
        let fixture = node.account(&[SLOW]).await;
        node.accept(fixture.account).await;
        after_a_second().await;
        assert_eq!(cancel_all(&node, &fixture).await, 1);
        let key = fixture.key(&node.deliveries(fixture.account).await[0]);
        assert_eq!(node.engine.resend(&BY, key).await, Ok(ResendOutcome::Due));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let deliveries = node.deliveries(fixture.account).await;
        assert!(
            all_are(&deliveries, DeliveryStatus::Pending),
            "the old attempt has failed, and decided nothing: {deliveries:?}"
        );
        let settled = node.wait_until_settled(fixture.account).await;
        assert!(all_are(&settled, DeliveryStatus::Succeeded));
        tokio::time::sleep(HOURS).await;
        assert_eq!(node.times(SLOW).len(), 2);
    });
}

#[test]
fn a_node_that_holds_deliveries_follows_another_that_cancels_them() {
    let folder = folder();
    life(async {
        let store = shared(folder.path());
        let start =
            async || Node::start_over(Arc::clone(&store), 0, EngineSettings::default(), respond).await;
        let (holds, cancels) = (start().await, start().await);
        let fixture = holds.account(&[SLOW]).await;
        accept_many(&holds, &fixture, 600).await;
        after_a_second().await;
        assert!(holds.times(SLOW).len() < 600);
        assert_eq!(cancel_all(&cancels, &fixture).await, 600);
        after_a_second().await;
        let sent = holds.times(SLOW).len();
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert_eq!(holds.times(SLOW).len(), sent);
        assert_eq!(cancels.times(SLOW).len(), 0);
        assert_eq!(holds.count(fixture.account, DeliveryStatus::Canceled).await, 600);
    });
}

#[test]
fn what_is_canceled_matches_its_count_and_its_filter() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD, BAD, SLOW]).await;
        accept_many(&node, &fixture, 4).await;
        after_a_second().await;
        let slow = node.deliveries(fixture.account).await;
        let slow = slow.iter().find(|delivery| delivery.next_attempt_at.is_none());
        let action = slow
            .filter(|delivery| delivery.progress.status == DeliveryStatus::Pending)
            .map(|delivery| delivery.action);
        for (filter, expected) in [
            (
                DeliveryFilter {
                    status: Some(DeliveryStatus::Succeeded),
                    ..DeliveryFilter::default()
                },
                0,
            ),
            (
                DeliveryFilter {
                    action,
                    ..DeliveryFilter::default()
                },
                4,
            ),
            (DeliveryFilter::default(), 4),
        ] {
            let counted = node.engine.count_cancel(fixture.account, &filter, LONG).await;
            assert_eq!(counted.unwrap().matching, expected, "{filter:?}");
            let canceled = node.engine.cancel(&BY, fixture.account, filter.clone()).await;
            assert_eq!(canceled, Ok(expected), "{filter:?}");
        }
        assert_eq!(node.count(fixture.account, DeliveryStatus::Succeeded).await, 4);
        let overview = node.figures.overview(Range::Day).await.unwrap();
        assert_eq!(overview.totals.canceled, 8);
    });
}

#[test]
fn an_account_has_one_request_to_cancel_at_a_time() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let (one, other) = (node.account(&[SLOW]).await, node.account(&[SLOW]).await);
        let begin = |fixture: &Fixture| {
            node.engine
                .cancel_with_progress(&BY, fixture.account, DeliveryFilter::default())
        };
        let mut first = begin(&one).unwrap();
        let second = node
            .engine
            .cancel(&BY, one.account, DeliveryFilter::default())
            .await;
        assert_eq!(second, Err(CancelError::Running(CancelRunning)));
        assert!(begin(&other).is_ok());
        first
            .wait_for(|progress| progress.result.is_some())
            .await
            .unwrap();
        assert!(begin(&one).is_ok());
    });
}

/// What was canceled uses up no slot: otherwise the next event would go out after fifty minutes.
#[test]
fn canceled_deliveries_of_a_limited_action_do_not_delay_the_next_event() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[GOOD]).await;
        let limit = RateLimitDraft {
            requests: 1,
            per_s: 60,
        };
        node.edit(&fixture, |automation| {
            automation.actions[0].rate_limit = Some(limit)
        })
        .await;
        accept_many(&node, &fixture, 50).await;
        after_a_second().await;
        let sent = node.times(GOOD).len();
        assert_eq!(cancel_all(&node, &fixture).await, 50 - sent as u64);
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(180)).await;
        assert_eq!(node.times(GOOD).len(), sent + 1);
    });
}
