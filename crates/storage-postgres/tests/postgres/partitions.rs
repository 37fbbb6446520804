//! Days have partitions before they begin, and rows of a day are stored in its partition.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_model::{DeliveryStatus, Timestamp};
use postrider_storage::{FirstAttempt, Pruned, RetentionStore};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::{BASE_MS, at};
use postrider_storage_testkit::scene::Scene;
use postrider_storage_testkit::sessions::real_now;
use tokio_postgres::Client;

const TABLES: [&str; 3] = ["events", "deliveries", "attempts"];

async fn open(database: &TestDatabase) -> Arc<PostgresStore> {
    let store = database.open().await;
    Arc::new(store.expect("an open store"))
}

/// The texts that a statement returns, one per row.
async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The names of a table's partitions.
async fn partitions(client: &Client, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass ORDER BY 1"
    );
    texts(client, &sql).await
}

/// The partitions that contain rows of a table.
async fn places(client: &Client, table: &str) -> Vec<String> {
    texts(
        client,
        &format!("SELECT DISTINCT tableoid::regclass::text FROM {table}"),
    )
    .await
}

/// The name of a day's partition of this table.
fn partition(table: &str, of: Timestamp) -> String {
    let time = of.to_string();
    format!("{table}_{}", time[..10].replace('-', ""))
}

/// The current time in whole seconds after the tests' base.
fn now_s() -> i64 {
    (real_now().unix_ms() - BASE_MS) / 1000
}

#[tokio::test]
async fn today_and_the_days_ahead_have_partitions_of_every_table() {
    let database = TestDatabase::empty().await;
    let (client, before) = (database.client().await, now_s());
    let _store = open(&database).await;
    for table in TABLES {
        let made = partitions(&client, table).await;
        for days in 0..=3 {
            let name = partition(table, at(before + days * 86_400));
            assert!(made.contains(&name), "{name} of {made:?}");
        }
        let _again = open(&database).await;
        assert_eq!(partitions(&client, table).await, made, "and once");
    }
}

#[tokio::test]
async fn what_comes_today_lies_in_todays_partitions_and_what_is_older_in_the_default_one() {
    let database = TestDatabase::empty().await;
    let (client, store) = (database.client().await, open(&database).await);
    let old = Scene::new(store.clone()).await;
    old.append_in_status(1, DeliveryStatus::Succeeded).await;
    for table in TABLES {
        assert_eq!(places(&client, table).await, [format!("{table}_default")]);
        client
            .batch_execute(&format!("TRUNCATE {table}"))
            .await
            .expect("an empty table");
    }
    let now = now_s();
    old.append_in_status(now, DeliveryStatus::Succeeded).await;
    for table in TABLES {
        assert_eq!(places(&client, table).await, [partition(table, at(now))]);
    }
}

#[tokio::test]
async fn a_partition_has_the_indexes_of_its_table() {
    let database = TestDatabase::empty().await;
    let (client, now) = (database.client().await, now_s());
    let _store = open(&database).await;
    for table in TABLES {
        let count = async |name: &str| {
            let sql = format!("SELECT indexdef FROM pg_indexes WHERE tablename = '{name}'");
            texts(&client, &sql).await.len()
        };
        let name = partition(table, at(now));
        assert_eq!(count(&name).await, count(table).await, "{name}");
    }
}

/// The state after days on which no partitions could be created.
#[tokio::test]
async fn a_day_with_rows_in_the_default_partition_is_passed_over_and_others_are_made() {
    let database = TestDatabase::empty().await;
    let (client, store) = (database.client().await, open(&database).await);
    let now = now_s();
    for table in TABLES {
        for days in 0..=1 {
            let name = partition(table, at(now + days * 86_400));
            let sql = format!("DROP TABLE {name}");
            client.batch_execute(&sql).await.expect("a dropped day");
        }
    }
    let scene = Scene::new_at(store, now).await;
    let event = scene.event_for(now, &scene.actions, FirstAttempt::Waiting);
    scene.append_new(&event).await;
    let again = open(&database).await;
    for table in TABLES {
        let made = partitions(&client, table).await;
        assert!(!made.contains(&partition(table, at(now))), "{made:?}");
        assert!(made.contains(&partition(table, at(now + 86_400))), "{made:?}");
    }
    assert_eq!(places(&client, "events").await, ["events_default"]);
    assert_eq!(again.prune(at(0), 100).await, Ok(Pruned::default()));
}

#[tokio::test]
async fn making_partitions_waits_neither_for_long_nor_in_vain() {
    let database = TestDatabase::empty().await;
    let migrated = PostgresStore::migrate_only(database.options()).await;
    migrated.expect("a migrated database");
    let mut busy = database.client().await;
    let reading = busy.transaction().await.expect("a transaction");
    let read = reading.query("SELECT 1 FROM deliveries_default", &[]).await;
    read.expect("a reader that does not end");
    let _store = open(&database).await;
    let client = database.client().await;
    assert_eq!(partitions(&client, "events").await, ["events_default"]);
    reading.rollback().await.expect("the reader ends");
    let _again = open(&database).await;
    assert_eq!(partitions(&client, "events").await.len(), 5);
}

#[tokio::test]
async fn a_days_deliveries_are_vacuumed_often() {
    let database = TestDatabase::create().await;
    drop(database.open().await.expect("an open store"));
    let sql =
        "SELECT count(*), count(*) FILTER (WHERE 'autovacuum_vacuum_scale_factor=0.02' = ANY (reloptions))
               FROM pg_class WHERE relkind = 'r' AND relname LIKE 'deliveries_2%'";
    let row = database.client().await.query_one(sql, &[]).await.expect("a row");
    let (days, often): (i64, i64) = (row.get(0), row.get(1));
    assert!(days > 0 && days == often, "{often} of {days}");
}
