//! The limit on what an account may store.

use crate::support::BY;
use std::time::Duration;

use bytes::Bytes;
use postrider_egress::{Request, Response};
use postrider_engine::{Accepted, EngineSettings, Rejection, Submission};
use postrider_model::AccountId;

use crate::support::{Node, folder, life, status, submission};

const GOOD: &str = "https://receiver.example/good";

const HOUR: Duration = Duration::from_secs(3600);

/// What an event of [`Node::accept`] with one delivery stores: 332 bytes, and 172 with its attempt.
const EVENT_BYTES: u64 = 504;

fn good(_: &Request, _: usize) -> (Duration, Response) {
    (Duration::ZERO, status(200))
}

fn limited_to(max: u64) -> EngineSettings {
    EngineSettings {
        stored_bytes_per_account_max: Some(max),
        retention: 6 * HOUR,
        ..EngineSettings::default()
    }
}

async fn send(node: &Node, account: AccountId, submission: Submission) -> Result<Accepted, Rejection> {
    let mut results = node.engine.accept(account, vec![submission]).await.unwrap();
    results.remove(0)
}

async fn send_one(node: &Node, account: AccountId) -> Result<Accepted, Rejection> {
    send(node, account, submission("proposal.accepted")).await
}

fn refused(max: u64) -> Rejection {
    Rejection::StoredBytesExceeded {
        max,
        retry_after: HOUR,
    }
}

#[test]
fn an_account_at_its_limit_is_refused_until_its_events_expire() {
    let folder = folder();
    life(async {
        let max = 2 * EVENT_BYTES;
        let node = Node::start(folder.path(), 0, limited_to(max), good).await;
        let [full, other] = [node.account(&[GOOD]).await, node.account(&[GOOD]).await];
        let into_hour_ms = node.engine.clock().now().unix_ms() % 3_600_000;
        let until_next = HOUR - Duration::from_millis(into_hour_ms.unsigned_abs());
        for _ in 0..2 {
            node.accept(full.account).await;
            node.wait_until_settled(full.account).await;
        }
        assert_eq!(send_one(&node, full.account).await, Err(refused(max)));
        let test = node
            .engine
            .send_test(&BY, full.account, full.automation, None, None);
        assert_eq!(test.await, Ok(Some(Err(refused(max)))), "tests are refused too");
        node.accept(other.account).await;
        // After a minute, the sum is read from the store.
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(send_one(&node, full.account).await, Err(refused(max)));
        node.accept(other.account).await;
        let delivery = node.deliveries(full.account).await.remove(0);
        node.engine.resend(&BY, full.key(&delivery)).await.unwrap();
        node.wait_until_settled(full.account).await;

        let margin = Duration::from_secs(150);
        tokio::time::sleep(until_next + 6 * HOUR - margin).await;
        assert_eq!(send_one(&node, full.account).await, Err(refused(max)));
        tokio::time::sleep(margin).await;
        node.accept(full.account).await;
    });
}

#[test]
fn a_batch_is_accepted_up_to_the_limit() {
    let folder = folder();
    life(async {
        // Each stores two bytes and two rows.
        let node = Node::start(folder.path(), 0, limited_to(4 * 322 + 1), good).await;
        let account = node.account(&[GOOD]).await.account;
        let batch = vec![submission("proposal.accepted"); 10];
        let results = node.engine.accept(account, batch).await.unwrap();
        let accepted = results.iter().take_while(|result| result.is_ok()).count();
        assert_eq!(accepted, 5, "the last one that finds some room is accepted");
        assert_eq!(results[5..], vec![Err(refused(4 * 322 + 1)); 5]);
        node.wait_until_settled(account).await;
        assert_eq!(node.deliveries(account).await.len(), 5);
    });
}

#[test]
fn a_node_knows_what_was_stored_before_it_started() {
    let folder = folder();
    let account = life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), good).await;
        let account = node.account(&[GOOD]).await.account;
        for _ in 0..3 {
            node.accept(account).await;
        }
        node.wait_until_settled(account).await;
        node.engine.stop(Duration::from_secs(1)).await;
        node.figures.stop().await;
        account
    });
    for (max, is_refused) in [(3 * EVENT_BYTES, true), (3 * EVENT_BYTES + 1, false)] {
        life(async {
            let node = Node::start(folder.path(), 600_000, limited_to(max), good).await;
            let result = send_one(&node, account).await;
            assert_eq!(result == Err(refused(max)), is_refused, "{max}: {result:?}");
        });
    }
}

#[test]
fn a_repeated_event_gets_its_first_result_at_the_limit() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, limited_to(1), good).await;
        let account = node.account(&[GOOD]).await.account;
        let keyed = Submission {
            idempotency_key: Some("key".to_owned()),
            ..submission("proposal.accepted")
        };
        let first = send(&node, account, keyed.clone()).await.unwrap();
        let by_id = Submission {
            id: Some(first.id),
            ..submission("proposal.accepted")
        };
        let conflicting = Submission {
            data: Bytes::from_static(b"[]"),
            ..keyed.clone()
        };
        let new = Submission {
            idempotency_key: Some("new".to_owned()),
            ..submission("proposal.accepted")
        };
        let plain = submission("proposal.accepted");
        let batch = vec![plain, keyed, new, conflicting, by_id];
        let results = node.engine.accept(account, batch).await.unwrap();
        let again = Ok(Accepted { known: true, ..first });
        let refused = Err(refused(1));
        let conflict = Err(Rejection::Conflict);
        assert_eq!(
            results,
            [refused.clone(), again.clone(), refused, conflict, again]
        );
    });
}
