//! A store in its own folder, and checks of its database from outside.

use std::path::Path;
use std::sync::Arc;

use postrider_storage_sqlite::{DATABASE_FILE, OpenError, SqliteOptions, SqliteStore};
use postrider_storage_testkit::scene::Scene;
use rusqlite::Connection;
use tempfile::TempDir;

/// Opens a store: `SqliteStore::open`, with threads of its own, or `SqliteStore::open_inline`.
pub type Open = fn(&Path, SqliteOptions) -> Result<SqliteStore, OpenError>;

/// A scene in a new folder.
pub async fn scene(open: Open) -> (Scene, Arc<SqliteStore>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let store = Arc::new(open(folder.path(), SqliteOptions::default()).expect("a new store"));
    let scene = Scene::new(Arc::clone(&store) as _).await;
    (scene, store, folder)
}

/// Checks the integrity of a database that no store has open, including its indexes.
pub fn assert_is_whole(folder: &Path) {
    let conn = Connection::open(folder.join(DATABASE_FILE)).expect("the database");
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .expect("a verdict");
    assert_eq!(verdict, "ok");
}
