//! Pruning when a part of it fails.

#[expect(dead_code, reason = "no look behind the store is needed")]
mod support;

use postrider_model::DeliveryStatus;
use postrider_storage::RetentionStore;
use postrider_storage_sqlite::{DATABASE_FILE, SqliteStore};
use postrider_storage_testkit::build::at;
use rusqlite::Connection;

#[tokio::test]
async fn what_deleted_accounts_left_behind_does_not_keep_old_events() {
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    scene.append_in_status(1, DeliveryStatus::Succeeded).await;
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch("ALTER TABLE deleted_accounts RENAME TO elsewhere")
        .unwrap();
    let pruned = store.prune(at(1_000_000), 100).await.expect("prune");
    assert!(pruned.failure.is_some(), "what failed is told");
    assert_eq!((pruned.events, pruned.deliveries), (1, 1));
}
