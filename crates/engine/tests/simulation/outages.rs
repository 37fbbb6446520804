//! A store that takes some writes and not others, for a while.

use std::time::Duration;

use crate::support::{Node, folder, life, status};
use postrider_engine::EngineSettings;
use postrider_model::DeliveryStatus;
use postrider_storage_sqlite::DATABASE_FILE;
use rusqlite::Connection;

const URL: &str = "https://receiver.example/hook";

#[test]
fn results_that_cannot_be_recorded_are_kept_while_events_are_accepted() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, _| {
            (Duration::from_millis(3), status(200))
        })
        .await;
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
        let deliveries = node.settled(account).await;
        assert_eq!(deliveries.len(), 2);
        for delivery in deliveries {
            assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
            assert_eq!(delivery.progress.attempts, 1);
        }
        assert_eq!(node.times(URL).len(), 2, "neither was sent again");
    });
}
