//! A store in its own folder, and checks of its database from outside.

use std::sync::Arc;

use postrider_storage_sqlite::{DATABASE_FILE, Execution, SqliteOptions, SqliteStore};
use postrider_storage_testkit::scene::Scene;
use rusqlite::Connection;
use tempfile::TempDir;

/// A scene in a new folder.
pub async fn scene(execution: Execution) -> (Scene, Arc<SqliteStore>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let options = SqliteOptions {
        execution,
        ..SqliteOptions::default()
    };
    let store = Arc::new(SqliteStore::open(folder.path(), options).expect("a new store"));
    let scene = Scene::new(Arc::clone(&store) as _).await;
    (scene, store, folder)
}

/// Checks the integrity of a database that no store has open, including its indexes.
pub fn assert_is_whole(folder: &std::path::Path) {
    let conn = Connection::open(folder.join(DATABASE_FILE)).expect("the database");
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .expect("a verdict");
    assert_eq!(verdict, "ok");
}
