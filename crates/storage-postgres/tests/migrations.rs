//! The schema is made once, whoever comes first, and left alone where a newer version made it.

mod support;

use std::sync::Arc;

use postrider_model::IdGenerator;
use postrider_storage::testkit::build::{SEED, new_account, new_key};
use postrider_storage::{AccountStore, SaveAccount, SessionStore};
use postrider_storage_postgres::{MigrationReport, PostgresStore, SCHEMA_VERSION};
use support::TestDatabase;
use tokio::task::JoinSet;

/// Nodes that start at the same time.
const NODES: usize = 10;

async fn count(database: &TestDatabase, from: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {from}");
    let row = database.client().await.query_one(&sql, &[]).await;
    row.expect("a count").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_leave_one_schema() {
    let database = Arc::new(TestDatabase::create().await);
    let mut nodes = JoinSet::new();
    for _ in 0..NODES {
        nodes.spawn(PostgresStore::open(database.options()));
    }
    let stores: Vec<_> = nodes
        .join_all()
        .await
        .into_iter()
        .map(|opened| opened.expect("an open store"))
        .collect();
    for store in &stores {
        assert_eq!(store.check().await, Ok(()));
    }
    let applied = count(&database, "schema_migrations").await;
    assert_eq!(u32::try_from(applied), Ok(SCHEMA_VERSION));
    let days = "pg_inherits WHERE inhparent = 'events'::regclass AND inhrelid <> 'events_default'::regclass";
    assert_eq!(count(&database, days).await, 4, "today and the three days ahead");
}

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    let database = TestDatabase::create().await;
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(0));
    let migrated = PostgresStore::migrate_only(database.options()).await;
    let to = SCHEMA_VERSION;
    assert_eq!(migrated, Ok(MigrationReport { from: 0, to }));
    let again = PostgresStore::migrate_only(database.options()).await;
    assert_eq!(again, Ok(MigrationReport { from: to, to }));
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(to));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_and_works() {
    let database = TestDatabase::create().await;
    let migrated = PostgresStore::migrate_only(database.options()).await;
    migrated.expect("a migrated database");
    let newer = SCHEMA_VERSION + 1;
    let sql = format!("INSERT INTO schema_migrations (version) VALUES ({newer})");
    let client = database.client().await;
    client.batch_execute(&sql).await.expect("a newer version");

    let store = PostgresStore::open(database.options()).await;
    let store = store.expect("an open store");
    let ids = IdGenerator::new(SEED);
    let account = new_account(&ids, 0);
    let created = store.create_account(account.clone(), new_key(&ids, 0)).await;
    assert_eq!(created, Ok(SaveAccount::Saved(account)));
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(newer));
    let migrated = PostgresStore::migrate_only(database.options()).await;
    let untouched = MigrationReport {
        from: newer,
        to: newer,
    };
    assert_eq!(migrated, Ok(untouched));
}
