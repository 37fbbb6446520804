//! The log during and after a busy writer.

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_storage::{EventStore, StoreError, WorkStore};
use postrider_storage_sqlite::{DATABASE_FILE, SqliteOptions, SqliteStore};
use postrider_storage_testkit::scene::append;
use rusqlite::Connection;

/// Size of a file in bytes; 0 if it does not exist.
fn bytes_of(file: &std::path::Path) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_writer_does_not_make_the_log_grow_for_good() {
    const EVENT_BYTES: usize = 128 * 1024;
    const EVENTS: i64 = 2_400;
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    let log = folder.path().join(format!("{DATABASE_FILE}-wal"));
    let data = Bytes::from(format!("\"{}\"", "x".repeat(EVENT_BYTES)));
    let mut longest = 0;
    for n in 0..EVENTS {
        let mut event = scene.owned(n);
        event.event.data = data.clone();
        scene.append_new(&event).await;
        longest = longest.max(bytes_of(&log));
    }
    let written = EVENTS as u64 * EVENT_BYTES as u64;
    assert!(
        longest < written / 3 * 2,
        "the log had {longest} of {written} bytes"
    );
    drop((scene, store));
    support::assert_is_whole(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_snapshot_does_not_make_the_log_grow_without_bound() {
    const LOG_BYTES_MAX: u64 = 24 * 1024 * 1024;
    let (scene, store, folder) = support::scene(|folder, options| {
        let log_bytes_max = LOG_BYTES_MAX;
        SqliteStore::open(
            folder,
            SqliteOptions {
                log_bytes_max,
                ..options
            },
        )
    })
    .await;
    let log = folder.path().join(format!("{DATABASE_FILE}-wal"));
    let reader = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM accounts")
        .unwrap();
    let data = Bytes::from(format!("\"{}\"", "x".repeat(128 * 1024)));
    let event = |n| {
        let mut event = scene.owned(n);
        event.event.data = data.clone();
        vec![event]
    };
    let mut n = 0;
    let refused = loop {
        n += 1;
        match append(&*store, scene.session, event(n)).await {
            Ok(_) => assert!(n < 2_000, "it is never refused"),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    let longest = bytes_of(&log);
    assert!(longest < 2 * LOG_BYTES_MAX, "the log has {longest} bytes");
    reader.execute_batch("COMMIT").unwrap();
    loop {
        n += 1;
        if append(&*store, scene.session, event(n)).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(bytes_of(&log) <= longest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_closed_leaves_no_log() {
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    let event = scene.owned(1);
    scene.append_new(&event).await;
    // The read also opens a reading connection, which must not be the last to close.
    assert!(
        store
            .event(scene.account, event.event.id)
            .await
            .unwrap()
            .is_some()
    );
    let log = folder.path().join(format!("{DATABASE_FILE}-wal"));
    assert!(bytes_of(&log) > 0, "nothing was written");
    drop((scene, store));
    assert_eq!(bytes_of(&log), 0);
}

#[tokio::test]
async fn both_halves_of_a_step_share_a_transaction() {
    for open in [SqliteStore::open as support::Open, SqliteStore::open_inline] {
        let (scene, store, _folder) = support::scene(open).await;
        let key = scene.append_owned(1).await;
        let before = store.write_counts();
        let receipt = postrider_storage_testkit::build::attempted(
            key,
            scene.actions[0],
            &postrider_model::delivery::Progress::new(),
            2,
            postrider_model::Outcome::Succeeded,
        );
        let events = Arc::new([scene.owned(2)]);
        let advanced = store.advance(scene.session, events, Arc::new([receipt])).await;
        assert!(advanced.appended.is_ok() && advanced.recorded.is_ok());
        let after = store.write_counts();
        assert_eq!(after.transactions - before.transactions, 1);
        assert_eq!(after.operations - before.operations, 2);
    }
}
