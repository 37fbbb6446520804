//! Large requests beside small ones.

use crate::support::BY;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use postrider_configuration::EventTypeDraft;
use postrider_egress::Request;
use postrider_engine::{EngineSettings, Rejection, Submission};
use postrider_storage::PutIf;
use postrider_storage_sqlite::DATABASE_FILE;
use rusqlite::Connection;

use crate::support::{Node, folder, life, status, submission};

async fn healthy(folder: &std::path::Path) -> Node {
    let respond = |_: &Request, _| (Duration::from_millis(3), status(200));
    Node::start(folder, 0, EngineSettings::default(), respond).await
}

fn batch(events: usize) -> Vec<Submission> {
    let submission = Submission::new("proposal.accepted".parse().unwrap(), Bytes::from_static(b"1"));
    vec![submission; events]
}

#[test]
fn a_batch_with_many_deliveries_lets_the_events_of_others_pass() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let urls: Vec<String> = (0..50).map(|i| format!("https://receiver.example/{i}")).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let large = node.account(&urls).await.account;
        for _ in 1..10 {
            node.automation(large, &urls).await;
        }
        let small = node.account(&["https://other.example/hook"]).await.account;
        let engine = node.engine.clone();
        let accepting = tokio::spawn(async move { engine.accept(large, batch(30)).await.unwrap() });
        while node.deliveries(large).await.is_empty() {
            tokio::task::yield_now().await;
        }
        node.accept(small).await;
        assert!(
            !accepting.is_finished(),
            "the small event waited for the whole batch"
        );
        let accepted = accepting.await.unwrap();
        assert_eq!(accepted.len(), 30);
        assert!(
            accepted
                .iter()
                .all(|event| event.as_ref().unwrap().deliveries == 500)
        );
    });
}

#[test]
fn an_event_goes_to_the_automations_that_exist_when_its_schema_check_has_ended() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let account = node.account(&["https://receiver.example/hook"]).await.account;
        let event_type = EventTypeDraft {
            name: "proposal.priced".to_owned(),
            description: String::new(),
            example: None,
            schema: Some(r#"{"items":{"type":"integer"}}"#.to_owned()),
            visible: true,
        };
        node.configuration
            .put_event_type(&BY, event_type, PutIf::Any)
            .await
            .unwrap();
        let mut priced = submission("proposal.priced");
        priced.data = format!("[{}1]", "1,".repeat(100_000)).into();
        // The account is in memory from now on, so that the check begins at the first poll.
        node.accept(account).await;
        let mut accepting = pin!(node.engine.accept(account, vec![priced]));
        let is_pending = poll_fn(|context| Poll::Ready(accepting.as_mut().poll(context).is_pending()));
        assert!(is_pending.await, "the check takes a thread of its own");
        node.automation(account, &["https://other.example/hook"]).await;
        let accepted = accepting.await.unwrap().remove(0).unwrap();
        assert_eq!(accepted.deliveries, 2);
    });
}

#[test]
fn events_that_were_not_stored_are_named_when_the_store_fails_within_a_batch() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let account = node.account(&["https://receiver.example/hook"]).await.account;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        outside
            .execute_batch(
                "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN (SELECT count(*) FROM events) >= 600
                 BEGIN SELECT RAISE(ABORT, 'refused'); END",
            )
            .unwrap();
        let results = node.engine.accept(account, batch(1_000)).await.unwrap();
        let accepted = results.iter().take_while(|result| result.is_ok()).count();
        assert!((1..600).contains(&accepted), "{accepted} were accepted");
        assert_eq!(results.len(), 1_000);
        let is_named = |result: &Result<_, Rejection>| matches!(result, Err(Rejection::NotStored(_)));
        assert!(results[accepted..].iter().all(is_named));
        let stored: i64 = outside
            .query_row("SELECT count(*) FROM events", (), |row| row.get(0))
            .unwrap();
        assert_eq!(stored, accepted as i64);
        // If nothing was stored, the whole request fails.
        outside
            .execute_batch(
                "DROP TRIGGER refuse; CREATE TRIGGER refuse BEFORE INSERT ON events
            BEGIN SELECT RAISE(ABORT, 'refused'); END",
            )
            .unwrap();
        assert!(node.engine.accept(account, batch(1_000)).await.is_err());
    });
}
