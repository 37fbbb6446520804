//! A backup of a store during writes.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postrider_storage::{DeliveryFilter, DeliveryStore, EventFilter, EventStore, FirstAttempt};
use postrider_storage_sqlite::{
    BackupError, DATABASE_FILE, SCHEMA_VERSION, SqliteOptions, SqliteStore, backup,
};
use postrider_storage_testkit::lists::all_pages;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_consistent_and_whole() {
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    let scene = Arc::new(scene);
    let stop = Arc::new(AtomicBool::new(false));
    for s in 0..500 {
        scene.append_owned(s).await;
    }
    let writer = tokio::spawn({
        let (scene, stop) = (Arc::clone(&scene), Arc::clone(&stop));
        async move {
            let mut s = 500;
            while !stop.load(Ordering::Relaxed) {
                let events = (s..s + 20).map(|s| scene.event_for(s, &scene.actions, FirstAttempt::Owned));
                scene.append(events.collect()).await;
                s += 20;
            }
            s
        }
    });
    let copies = TempDir::new().unwrap();
    for n in 0..3 {
        let (from, to) = (
            folder.path().to_owned(),
            copies.path().join(format!("{n}/{DATABASE_FILE}")),
        );
        std::fs::create_dir(to.parent().unwrap()).unwrap();
        let before = store.write_counts().operations;
        let report = tokio::task::spawn_blocking(move || backup(&from, &to))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(report.schema, SCHEMA_VERSION);
        while store.write_counts().operations == before {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let written = usize::try_from(writer.await.unwrap()).unwrap();

    let mut counts = Vec::new();
    for n in 0..3 {
        let copy = copies.path().join(n.to_string());
        let names = std::fs::read_dir(&copy).unwrap().count();
        assert_eq!(names, 1, "the copy is one file, and nothing else is left");
        support::assert_is_whole(&copy);
        let copied = SqliteStore::open(&copy, SqliteOptions::default()).unwrap();
        let filter = EventFilter::default();
        let events = all_pages(250, |page| copied.events(scene.account, &filter, page)).await;
        for event in events.iter().step_by(17) {
            let filter = DeliveryFilter {
                event: Some(event.id),
                ..DeliveryFilter::default()
            };
            let deliveries = all_pages(250, |page| copied.deliveries(scene.account, &filter, page)).await;
            assert_eq!(
                deliveries.len(),
                event.deliveries as usize,
                "events come with their deliveries"
            );
        }
        counts.push(events.len());
    }
    assert!(
        counts[0] >= 500 && counts.is_sorted() && counts[2] <= written,
        "{counts:?} of {written}"
    );
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let (_scene, _store, folder) = support::scene(SqliteStore::open).await;
    let file = folder.path().join("copy");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(
        backup(folder.path(), &file),
        Err(BackupError::Exists { .. })
    ));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let nowhere = folder.path().join("missing/copy");
    assert!(matches!(
        backup(folder.path(), &nowhere),
        Err(BackupError::Io { .. })
    ));
}

#[test]
fn a_backup_needs_no_server() {
    let folder = TempDir::new().unwrap();
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let report = backup(folder.path(), &folder.path().join("copy")).unwrap();
    assert_eq!(report.bytes, folder.path().join("copy").metadata().unwrap().len());
}
