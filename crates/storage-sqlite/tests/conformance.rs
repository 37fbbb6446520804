//! The promises of the store's traits, kept with threads and without.

use std::sync::Arc;

use postrider_storage_sqlite::{Execution, SqliteOptions, SqliteStore};
use tempfile::TempDir;

fn store_in_a_new_folder(execution: Execution) -> (Arc<SqliteStore>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let options = SqliteOptions {
        execution,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(&folder.path().join("data"), options).expect("a new store");
    (Arc::new(store), folder)
}

mod threaded {
    use super::*;

    async fn make_store() -> (Arc<SqliteStore>, TempDir) {
        store_in_a_new_folder(Execution::Threaded)
    }

    postrider_storage::conformance!(make_store);
}

mod inline {
    use super::*;

    async fn make_store() -> (Arc<SqliteStore>, TempDir) {
        store_in_a_new_folder(Execution::Inline)
    }

    postrider_storage::conformance!(make_store);
}
