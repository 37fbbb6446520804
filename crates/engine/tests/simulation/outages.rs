//! A store that accepts some writes and fails others, for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Node, folder, life, shared, status};
use postrider_egress::Request;
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;
use postrider_storage_sqlite::DATABASE_FILE;
use rusqlite::Connection;

const URL: &str = "https://receiver.example/hook";

/// A node whose receivers respond with 200.
async fn healthy(folder: &std::path::Path) -> Node {
    let respond = |_: &Request, _| (Duration::from_millis(3), status(200));
    Node::start(folder, 0, EngineSettings::default(), respond).await
}

#[test]
fn results_that_cannot_be_recorded_are_kept_while_events_are_accepted() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let account = node.account(&[URL]).await.account;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        outside
            .execute_batch(
                "CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'refused'); END",
            )
            .unwrap();
        for _ in 0..2 {
            node.accept(account).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        assert_eq!(node.times(URL).len(), 2, "both were sent");
        for delivery in node.deliveries(account).await {
            assert_eq!(delivery.progress.status, DeliveryStatus::Pending);
        }
        outside.execute_batch("DROP TRIGGER refuse").unwrap();
        let deliveries = node.wait_until_settled(account).await;
        assert_eq!(deliveries.len(), 2);
        for delivery in deliveries {
            assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
            assert_eq!(delivery.progress.attempts, 1);
        }
        assert_eq!(node.times(URL).len(), 2, "neither was sent again");
    });
}

/// A single node keeps its session whatever happens to its disk: nobody else could take its deliveries over.
#[test]
fn a_disk_that_is_full_for_longer_than_a_lease_makes_no_node_send_again() {
    let folder = folder();
    life(async {
        let node = healthy(folder.path()).await;
        let account = node.account(&[URL]).await.account;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        for _ in 0..50 {
            node.accept(account).await;
        }
        outside.execute_batch(REFUSE_EVERYTHING).unwrap();
        tokio::time::sleep(Duration::from_secs(90)).await;
        outside.execute_batch(REFUSE_NOTHING).unwrap();
        let deliveries = node.wait_until_settled(account).await;
        assert!(
            deliveries
                .iter()
                .all(|delivery| delivery.progress.status == DeliveryStatus::Succeeded)
        );
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(node.times(URL).len(), 50);
    });
}

/// The same on a shared store: the session dies, but nobody took the deliveries over meanwhile.
#[test]
fn what_a_node_knows_of_its_attempts_outlives_its_session() {
    let folder = folder();
    life(async {
        let respond = |_: &Request, _| (Duration::from_millis(3), status(200));
        let store = shared(folder.path());
        let node = Node::start_over(store, 0, EngineSettings::default(), respond).await;
        let account = node.account(&[URL]).await.account;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        for _ in 0..50 {
            node.accept(account).await;
        }
        let before = node.engine.session();
        outside.execute_batch(REFUSE_EVERYTHING).unwrap();
        tokio::time::sleep(Duration::from_secs(90)).await;
        outside.execute_batch(REFUSE_NOTHING).unwrap();
        let deliveries = node.wait_until_settled(account).await;
        assert_ne!(node.engine.session(), before, "its lease was over");
        assert!(deliveries.iter().all(|delivery| delivery.progress.attempts == 1));
        assert_eq!(node.times(URL).len(), 50, "none was sent again");
    });
}

const REFUSE_EVERYTHING: &str = "
    CREATE TRIGGER refuse_attempts BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END;
    CREATE TRIGGER refuse_deliveries BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END;
    CREATE TRIGGER refuse_sessions BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'full'); END;";

const REFUSE_NOTHING: &str = "
    DROP TRIGGER refuse_attempts; DROP TRIGGER refuse_deliveries; DROP TRIGGER refuse_sessions;";

/// The delivery waits for its account's configuration while the session dies. Its new owner sends it; the old
/// one must not.
#[test]
fn an_attempt_that_waited_for_the_store_is_dropped_with_its_session() {
    let folder = folder();
    life(async {
        let node = Node::start_over(shared(folder.path()), 0, EngineSettings::default(), |_, nth| {
            (Duration::ZERO, status(if nth == 0 { 500 } else { 200 }))
        })
        .await;
        let account = node.account(&[URL]).await.account;
        node.accept(account).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        let hide = "ALTER TABLE signing_keys RENAME TO hidden;";
        outside
            .execute_batch(&format!("{hide}{REFUSE_RENEWALS}"))
            .unwrap();
        node.configuration.changed_elsewhere(None).await.unwrap();
        // The retry is due after 10 s; the session is dead after 30 s.
        tokio::time::sleep(Duration::from_secs(50)).await;
        let restore = "ALTER TABLE hidden RENAME TO signing_keys;
            DROP TRIGGER refuse_renewal; DROP TRIGGER refuse_reclaim;";
        outside.execute_batch(restore).unwrap();
        node.wait_until_settled(account).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(node.times(URL).len(), 2);
    });
}

/// Makes the renewal and the deletion of sessions fail, but lets new sessions open.
const REFUSE_RENEWALS: &str = "
    CREATE TRIGGER refuse_renewal BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'refused'); END;
    CREATE TRIGGER refuse_reclaim BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'refused'); END;";

#[test]
fn a_full_lane_is_refilled_after_its_session_died() {
    let folder = folder();
    life(async {
        // While the receiver does not respond, its lane fills up, and the lane's alarm rings without room for
        // a claim.
        let is_silent = Arc::new(AtomicBool::new(true));
        let silent = Arc::clone(&is_silent);
        let store = shared(folder.path());
        let node = Node::start_over(store, 0, EngineSettings::default(), move |_, _| {
            let takes_s = if silent.load(Ordering::Relaxed) { 100 } else { 0 };
            (Duration::from_secs(takes_s), status(200))
        })
        .await;
        let account = node.account(&[URL]).await.account;
        for _ in 0..700 {
            node.accept(account).await;
        }
        tokio::time::sleep(Duration::from_secs(50)).await;
        let outside = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        // No result is recorded and no lease renewed until the session is dead. Results are then recorded
        // first, so that no attempt is under way whose end would make the lane look at the store.
        let refuse_results =
            "CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'refused'); END;";
        outside
            .execute_batch(&format!("{refuse_results}{REFUSE_RENEWALS}"))
            .unwrap();
        tokio::time::sleep(Duration::from_secs(50)).await;
        outside.execute_batch("DROP TRIGGER refuse").unwrap();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        outside
            .execute_batch("DROP TRIGGER refuse_renewal; DROP TRIGGER refuse_reclaim")
            .unwrap();
        is_silent.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(300)).await;
        let pending = "SELECT count(*) FROM deliveries WHERE status = 0";
        let pending: i64 = outside.query_row(pending, (), |row| row.get(0)).unwrap();
        assert_eq!(pending, 0, "{:?}", node.engine.load());
    });
}
