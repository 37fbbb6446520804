//! The data folder: its permissions, and its use by one process at a time.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postrider_storage::SessionStore;
use postrider_storage_sqlite::{
    BackupError, DATABASE_FILE, LOCK_FILE, OpenError, SCHEMA_VERSION, SqliteOptions, SqliteStore, backup,
    migrate, schema_version,
};
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_folder_and_its_files_are_private() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/b");
    let store = SqliteStore::open(&folder, SqliteOptions::default()).unwrap();
    store.check().await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    let log = format!("{DATABASE_FILE}-wal");
    for name in [DATABASE_FILE, LOCK_FILE, log.as_str()] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_folder_is_open_once_at_a_time() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
    let second = SqliteStore::open(folder.path(), SqliteOptions::default());
    let Err(error @ OpenError::Locked { .. }) = second else {
        panic!("a second store was opened");
    };
    let name = folder.path().display().to_string();
    assert!(
        error.to_string().contains(&name),
        "the message names the folder: {error}"
    );
    assert!(matches!(migrate(folder.path()), Err(OpenError::Locked { .. })));
    assert_eq!(
        schema_version(folder.path()).unwrap(),
        SCHEMA_VERSION,
        "that can be asked all the same"
    );
    drop(store);
    SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
}

#[test]
fn a_folder_without_a_database_has_no_version_and_no_backup() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(
        schema_version(folder.path()),
        Err(OpenError::NoDatabase { .. })
    ));
    let copied = backup(folder.path(), &folder.path().join("copy"));
    assert!(matches!(copied, Err(BackupError::NoDatabase { .. })));
}

#[tokio::test]
async fn sessions_and_data_survive_closing_and_opening() {
    let folder = TempDir::new().unwrap();
    let now = postrider_model::Timestamp::from_unix_ms(0);
    let lease = std::time::Duration::from_secs(10);
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
        numbers.push(store.open_session(lease, now).await.unwrap().0);
    }
    assert_eq!(numbers, [1, 2, 3], "never reused");
}
