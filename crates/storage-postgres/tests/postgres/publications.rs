//! A publication of all tables, as change data capture creates one, must not stop any work. PostgreSQL
//! rejects updates and deletes of published rows that it cannot identify to subscribers by a key.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_model::DeliveryStatus;
use postrider_storage::{AccountStore, DeleteObject, RetentionStore};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::{at, audit};
use postrider_storage_testkit::scene::Scene;

/// Long after everything that the tests store.
const LATER_S: i64 = 1_000_000;

/// A store with a settled event whose account is deleted, and a recorded change that is old enough to be
/// removed.
async fn deleted_account_in(database: &TestDatabase) -> Arc<PostgresStore> {
    let store = database.open().await;
    let store = Arc::new(store.expect("an open store"));
    let scene = Scene::new(Arc::clone(&store) as _).await;
    scene.append_in_status(1, DeliveryStatus::Succeeded).await;
    assert_eq!(
        store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    let client = database.client().await;
    let age = "UPDATE changes SET at = at - interval '2 hours'";
    client.execute(age, &[]).await.expect("old notes");
    store
}

async fn count(database: &TestDatabase, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let row = database.client().await.query_one(&sql, &[]).await;
    row.expect("a count").get(0)
}

async fn publish_all(database: &TestDatabase) {
    let sql = "CREATE PUBLICATION everything FOR ALL TABLES";
    database.client().await.batch_execute(sql).await.expect(sql);
}

#[tokio::test]
async fn every_table_has_a_key() {
    let database = TestDatabase::create().await;
    database.open().await.expect("a store");
    let sql = "SELECT relname::text FROM pg_class AS c
               WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
                   AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indisprimary)";
    let rows = database.client().await.query(sql, &[]).await.expect("tables");
    let without: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(without.is_empty(), "tables without a key: {without:?}");
}

#[tokio::test]
async fn a_publication_of_all_tables_does_not_stop_retention() {
    let database = TestDatabase::create().await;
    let store = deleted_account_in(&database).await;
    publish_all(&database).await;
    let pruned = store.prune(at(LATER_S), 1_000).await.expect("prune");
    assert_eq!((pruned.events, pruned.failure), (1, None));
    assert_eq!(count(&database, "changes").await, 0);
}

#[tokio::test]
async fn a_part_of_pruning_that_fails_does_not_stop_the_others() {
    let database = TestDatabase::create().await;
    let store = deleted_account_in(&database).await;
    // Without its primary key, the published table rejects deletes.
    let sql = "ALTER TABLE changes DROP CONSTRAINT changes_pkey";
    database.client().await.batch_execute(sql).await.expect(sql);
    publish_all(&database).await;
    let pruned = store.prune(at(LATER_S), 1_000).await.expect("prune");
    let failure = pruned.failure.expect("what failed is told").to_string();
    assert!(failure.contains("replica identity"), "{failure}");
    assert_eq!(pruned.events, 1);
    for table in ["events", "deliveries", "attempts", "deleted_accounts"] {
        assert_eq!(count(&database, table).await, 0, "{table}");
    }
}
