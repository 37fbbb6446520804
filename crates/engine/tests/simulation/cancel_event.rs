//! Canceling an event before its first attempt.

use std::time::Duration;

use bytes::Bytes;
use postrider_engine::{CancelEventOutcome, EngineSettings, MissedEvents, Submission};
use postrider_model::{DeliveryStatus, EventId, Timestamp};

use crate::support::{BY, Node, START_MS, folder, life, status};

const URL: &str = "https://receiver.example/hook";

async fn started(folder: &std::path::Path) -> Node {
    let script = |_: &_, _| (Duration::from_secs(2), status(200));
    Node::start(folder, 0, EngineSettings::default(), script).await
}

fn at_ms(ms: i64) -> Submission {
    Submission {
        deliver_at: Some(Timestamp::from_unix_ms(START_MS + ms)),
        ..Submission::new("proposal.accepted".parse().unwrap(), Bytes::from_static(b"{}"))
    }
}

#[test]
fn a_canceled_event_reaches_no_receiver_and_is_not_missed() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[URL]).await;
        let account = fixture.account;
        let accepted = node.engine.accept(account, vec![at_ms(50_000)]).await.unwrap();
        let id = accepted[0].as_ref().unwrap().id;
        tokio::time::sleep(Duration::from_secs(45)).await;
        for _ in 0..2 {
            let canceled = node.engine.cancel_event(&BY, account, id).await;
            assert_eq!(canceled, Ok(CancelEventOutcome::Canceled), "and again");
        }
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert!(node.seen().is_empty());
        let deliveries = node.deliveries(account).await;
        assert_eq!(deliveries[0].progress.status, DeliveryStatus::Canceled);
        let missed = MissedEvents {
            automation: node.automation(account, &[URL]).await.automation,
            after: Timestamp::EPOCH,
            before: None,
            event_type: None,
        };
        assert_eq!(node.engine.send_missed(&BY, account, missed).await, Ok(0));
    });
}

#[test]
fn an_event_that_is_being_sent_or_was_sent_is_not_canceled() {
    let folder = folder();
    life(async {
        let node = started(folder.path()).await;
        let fixture = node.account(&[URL]).await;
        let account = fixture.account;
        let id = node.accept(account).await.id;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let under_way = node.engine.cancel_event(&BY, account, id).await;
        assert_eq!(under_way, Ok(CancelEventOutcome::Attempted));
        node.wait_until_settled(account).await;
        let succeeded = node.engine.cancel_event(&BY, account, id).await;
        assert_eq!(succeeded, Ok(CancelEventOutcome::Attempted));
        assert_eq!(node.seen().len(), 1);
        let unknown = node
            .engine
            .cancel_event(&BY, account, EventId::from_u128(7))
            .await;
        assert_eq!(unknown, Ok(CancelEventOutcome::Missing));
    });
}
