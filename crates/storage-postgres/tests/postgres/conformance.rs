//! The conformance suite on a real PostgreSQL, which `scripts/with-postgres` starts.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_storage_postgres::PostgresStore;

async fn make_store() -> (Arc<PostgresStore>, TestDatabase) {
    let database = TestDatabase::create().await;
    let store = database.open().await.expect("a new store");
    (Arc::new(store), database)
}

postrider_storage_testkit::conformance!(make_store);
