//! The promises of the store's traits, kept by a real PostgreSQL: `scripts/with-postgres` starts one.

#[expect(dead_code, reason = "the promises do not look behind the store")]
mod support;

use std::sync::Arc;

use postrider_storage_postgres::PostgresStore;
use support::TestDatabase;

async fn make_store() -> (Arc<PostgresStore>, TestDatabase) {
    let database = TestDatabase::create().await;
    let store = PostgresStore::open(database.options())
        .await
        .expect("a new store");
    (Arc::new(store), database)
}

postrider_storage_testkit::conformance!(make_store);
