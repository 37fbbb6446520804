//! A start on a full disk.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up has failed")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, Outcome};
use postrider_storage::{Recorded, RetentionStore as _, SessionStore as _, StoreError};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use postrider_storage_testkit::build::{at, attempted};
use postrider_storage_testkit::scene::{append, finish};

/// The space in reserve.
const RESERVE: &str = "postrider.reserve";

/// Makes the next write of a file of the reserve fail as on a full disk. The store removes what it could not
/// write, and so the disk has room again.
fn fill_disk(folder: &Path) {
    symlink("/dev/full", folder.join("postrider.reserve.new")).unwrap();
}

fn open(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(folder, SqliteOptions::default()).unwrap())
}

#[tokio::test]
async fn a_node_starts_on_a_full_disk_and_takes_events_once_there_is_room() {
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    let reserve = folder.path().join(RESERVE);
    let reserved = fs::metadata(&reserve).unwrap().len();
    let (session, action) = (scene.session, scene.actions[0]);
    let key = scene.append_owned(1).await;
    scene.append_in_status(2, DeliveryStatus::Failed).await;
    let event = scene.waiting(3);
    drop((scene, store));

    fill_disk(folder.path());
    let store = open(folder.path());
    assert!(!reserve.exists(), "its space is used");
    fill_disk(folder.path());
    let refused = append(&*store, session, vec![event.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(store.check().await.is_err(), "it is not ready");
    let known = attempted(key, action, &Progress::new(), 4, Outcome::Succeeded);
    let recorded = finish(&*store, session, known).await;
    assert_eq!(recorded, Recorded::Applied, "all else goes on");

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    store.check().await.unwrap();
    assert_eq!(fs::metadata(&reserve).unwrap().len(), reserved);
    append(&*store, session, vec![event]).await.unwrap();
    assert_eq!(store.prune(at(100), 100).await.unwrap().events, 2);
    drop(store);
    support::assert_is_whole(folder.path());
}

#[test]
fn a_start_with_room_keeps_the_reserve() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        drop(open(folder.path()));
        assert!(folder.path().join(RESERVE).exists());
        assert!(!folder.path().join("postrider.reserve.new").exists());
    }
}
