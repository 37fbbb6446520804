//! Concurrent writes share commits; the store survives a full disk.

mod support;

use std::sync::Arc;

use postrider_storage::{Appended, EventStore, SessionStore, StoreError};
use postrider_storage_sqlite::SqliteStore;
use postrider_storage_testkit::build::at;
use postrider_storage_testkit::scene::append;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_share_transactions() {
    const APPENDS: usize = 400;
    let (scene, store, _folder) = support::scene(SqliteStore::open).await;
    let before = store.write_counts();
    let tasks: Vec<_> = (0..APPENDS)
        .map(|n| {
            let (store, event, session) = (Arc::clone(&store), scene.owned(n as i64), scene.session);
            tokio::spawn(async move { append(&*store, session, vec![event]).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(vec![Appended::Stored]));
    }
    let after = store.write_counts();
    assert_eq!(after.operations - before.operations, APPENDS as u64);
    let transactions = after.transactions - before.transactions;
    assert!(transactions * 2 < APPENDS as u64, "{transactions} transactions");
}

#[tokio::test]
async fn without_threads_each_write_is_a_transaction() {
    let (scene, store, _folder) = support::scene(SqliteStore::open_inline).await;
    let before = store.write_counts();
    for n in 0..10 {
        scene.append_owned(n).await;
    }
    assert_eq!(store.write_counts().transactions - before.transactions, 10);
}

#[tokio::test]
async fn an_append_that_fails_half_way_leaves_nothing() {
    let (scene, store, _folder) = support::scene(SqliteStore::open).await;
    let first = scene.owned(1);
    scene.append_new(&first).await;
    // The second event of the call has a delivery whose id is already in use.
    let mut clash = scene.owned(3);
    clash.deliveries[0].id = first.deliveries[0].id;
    let good = scene.owned(2);
    let appended = append(&*store, scene.session, vec![good.clone(), clash]).await;
    assert!(matches!(appended, Err(StoreError::Internal(_))), "{appended:?}");
    assert_eq!(store.event(scene.account, good.event.id).await, Ok(None));
    scene.append_new(&good).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_room_again() {
    for open in [SqliteStore::open as support::Open, SqliteStore::open_inline] {
        let (scene, store, folder) = support::scene(open).await;
        store.set_max_bytes(Some(0)).await.unwrap();
        let mut stored = Vec::new();
        let refused = loop {
            let event = scene.owned(stored.len() as i64);
            match append(&*store, scene.session, vec![event.clone()]).await {
                Ok(_) => stored.push(event),
                Err(error) => break error,
            }
            assert!(stored.len() < 10_000, "the limit was never met");
        };
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        for event in &stored {
            let read = store.event(scene.account, event.event.id).await;
            assert_eq!(
                read,
                Ok(Some(event.event.clone())),
                "what was accepted is still there"
            );
        }
        store.set_max_bytes(None).await.unwrap();
        scene.append_owned(20_000).await;
        store.check().await.unwrap();
        assert!(store.renew_session(scene.session, at(1)).await.unwrap());
        drop((scene, store));
        support::assert_is_whole(folder.path());
    }
}
