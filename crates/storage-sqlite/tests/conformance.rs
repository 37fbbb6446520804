//! The conformance suite on SQLite.

use std::sync::Arc;

use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

async fn make_store() -> (Arc<SqliteStore>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let store =
        SqliteStore::open(&folder.path().join("data"), SqliteOptions::default()).expect("a new store");
    (Arc::new(store), folder)
}

postrider_storage_testkit::conformance!(make_store);
