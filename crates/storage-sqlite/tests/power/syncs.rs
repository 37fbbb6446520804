//! Commits are answered once they are synced, while others go on.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use postrider_storage::{Appended, EventStore, NewEvent, SessionId, Store, StoreError, Turn, WorkStore};
use postrider_storage_sqlite::{DiskFault, SimulatedDisk, SqliteOptions, SqliteStore};
use postrider_storage_testkit::scene::{Scene, append};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::{Seed, open_healthy};

const SYNC: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn a_slow_disk_delays_results_one_after_the_other() {
    let disk = SimulatedDisk::new(1);
    let store = open_healthy(&disk).await;
    let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
    disk.sync_takes(Some(SYNC));
    let began = Instant::now();
    let (first, second) = (vec![scene.owned(1)], vec![scene.owned(2)]);
    let both = tokio::join!(
        append(&*store, scene.session, first),
        append(&*store, scene.session, second)
    );
    assert_eq!(both, (Ok(vec![Appended::Stored]), Ok(vec![Appended::Stored])));
    assert!(began.elapsed() >= 2 * SYNC && began.elapsed() < 3 * SYNC);
    disk.sync_takes(None);
    let began = Instant::now();
    scene.append_owned(3).await;
    assert!(began.elapsed() < SYNC);
}

/// The second commit is in the log, and visible, when the power fails after the first one's sync.
#[tokio::test(start_paused = true)]
async fn a_commit_is_acknowledged_only_after_a_sync_that_began_after_it() {
    let mut lost = 0;
    for seed in 0..20 {
        let _seed = Seed(seed);
        let disk = SimulatedDisk::new(seed);
        let store = open_healthy(&disk).await;
        // A checkpoint would sync the second commit before the power fails.
        store.checkpoint_after(10_000).await.expect("a setting");
        let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
        disk.sync_takes(Some(SYNC));
        let (first, second) = (scene.owned(1), scene.owned(2));
        let tasks = [Duration::ZERO, SYNC * 3 / 4].into_iter().zip([&first, &second]);
        let mut tasks: Vec<_> = tasks
            .map(|(after, event)| {
                let (store, session, event) = (Arc::clone(&store), scene.session, event.clone());
                tokio::spawn(async move {
                    sleep(after).await;
                    append(&*store, session, vec![event]).await
                })
            })
            .collect();
        let stored = Ok(vec![Appended::Stored]);
        assert_eq!(tasks.remove(0).await.expect("no panic"), stored);
        let visible = store.event(second.event.account, second.event.id).await;
        assert_eq!(visible, Ok(Some(second.event.clone())));
        let answer = timeout(SYNC / 2, &mut tasks[0]).await;
        assert!(answer.is_err(), "it was answered before its sync");
        disk.power_failure();
        drop((tasks, scene, store));
        let store = open_healthy(&disk).await;
        let found = store.event(first.event.account, first.event.id).await;
        assert_eq!(found, Ok(Some(first.event)));
        let found = store.event(second.event.account, second.event.id).await;
        lost += usize::from(found == Ok(None));
    }
    assert!(lost > 0, "no power failure lost what was not synced");
}

/// A repetition is acknowledged because of the first event, and so waits for its sync.
#[tokio::test(start_paused = true)]
async fn an_event_is_known_once_it_is_synced() {
    let disk = SimulatedDisk::new(1);
    let store = open_healthy(&disk).await;
    let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
    disk.sync_takes(Some(SYNC));
    let mut event = scene.owned(1);
    event.id_is_callers = true;
    let repeated = async {
        sleep(SYNC / 8).await;
        let known = store.known_events(vec![event.clone()]);
        assert!(timeout(SYNC / 4, known).await.is_err(), "it is not on disk");
        store.known_events(vec![event.clone()]).await
    };
    let first = append(&*store, scene.session, vec![event.clone()]);
    let (_, known) = tokio::join!(first, repeated);
    assert_eq!(known, Ok(vec![Some(Appended::known(event.event))]));
}

/// Those whose commit is in the log wait, as for a slow disk. Others are refused at once, also the next step
/// of the same caller.
#[tokio::test(start_paused = true)]
async fn while_no_sync_succeeds_a_commit_waits_and_further_work_is_refused() {
    let disk = SimulatedDisk::new(1);
    let store = open_healthy(&disk).await;
    let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
    disk.fail(Some(DiskFault::SyncError));
    let (first, second) = (scene.owned(1), scene.owned(2));
    let turns = Arc::new(Semaphore::new(1));
    let turn = Arc::clone(&turns).try_acquire_owned().expect("a free turn");
    let (events, none) = (vec![first.clone()].into(), Arc::default());
    let waiting = store.advance_in_turn(scene.session, events, none, Turn::holding(turn));
    let mut waiting = pin!(waiting);
    assert!(timeout(SYNC, &mut waiting).await.is_err());
    assert_eq!(turns.available_permits(), 1);
    let refused = append(&*store, scene.session, vec![second.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(timeout(SYNC, &mut waiting).await.is_err());
    disk.fail(None);
    assert_eq!(waiting.await.appended, Ok(vec![Appended::Stored]));
    disk.power_failure();
    let store = open_healthy(&disk).await;
    let found = store.event(first.event.account, first.event.id).await;
    assert_eq!(found, Ok(Some(first.event)));
    let found = store.event(second.event.account, second.event.id).await;
    assert_eq!(found, Ok(None));
}

/// Several tasks, and the threads that production has, while one in some syncs fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_syncs_under_load_lose_nothing_that_was_acknowledged() {
    let mut faults = 0;
    for seed in 0..6 {
        let _seed = Seed(seed);
        let disk = SimulatedDisk::new(seed);
        let store = SqliteStore::open_threaded_on(&disk, SqliteOptions::default());
        let store = Arc::new(store.expect("the database opens"));
        let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
        disk.fail_one_in(Rng::with_seed(seed).u32(4..10), DiskFault::SyncError);
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let events = (0..10).map(|n| scene.owned(task * 1000 + n)).collect();
                tokio::spawn(append_all(Arc::clone(&store), scene.session, events))
            })
            .collect();
        let mut acknowledged = Vec::new();
        for task in tasks {
            acknowledged.extend(task.await.expect("no panic"));
        }
        assert!(!acknowledged.is_empty());
        faults += disk.counts().faults;
        disk.fail(None);
        disk.power_failure();
        drop((scene, store));
        let store = open_healthy(&disk).await;
        assert_eq!(store.integrity().await.as_deref(), Ok("ok"));
        for event in acknowledged {
            let found = store.event(event.event.account, event.event.id).await;
            assert_eq!(found, Ok(Some(event.event)));
        }
    }
    assert!(faults > 0);
}

/// Appends the events one after the other, whatever fails. Returns those that were acknowledged.
async fn append_all(store: Arc<SqliteStore>, session: SessionId, events: Vec<NewEvent>) -> Vec<NewEvent> {
    let mut acknowledged = Vec::new();
    for event in events {
        if append(&*store, session, vec![event.clone()]).await.is_ok() {
            acknowledged.push(event);
        }
    }
    acknowledged
}
