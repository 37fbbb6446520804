//! The store on a disk that loses power and fails: what was acknowledged is there, nothing is there by half,
//! and the store goes on. A failing test names its seed.

mod ledger;
mod syncs;

use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use postrider_storage::{DeliveryStore, EventStore, NewEvent, SessionId, Store};
use postrider_storage_sqlite::{DiskCounts, DiskFault, OpenError, SimulatedDisk, SqliteOptions, SqliteStore};

use postrider_storage_testkit::build::key_of;
use postrider_storage_testkit::scene::{Scene, append};

use ledger::Ledger;

/// Pages in the log after which a commit copies them into the database: few, so that a short run does.
const CHECKPOINT_PAGES: u32 = 20;

/// Every way in which a disk can fail.
const FAULTS: [DiskFault; 4] = [
    DiskFault::Full,
    DiskFault::WriteError,
    DiskFault::ReadError,
    DiskFault::SyncError,
];

/// Names the seed of a run that panics.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

/// Runs a scenario from each of these seeds.
fn from_seeds<F: Future>(seeds: Range<u64>, scenario: impl Fn(u64) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    for seed in seeds {
        let _seed = Seed(seed);
        runtime.block_on(scenario(seed));
    }
}

async fn open(disk: &SimulatedDisk) -> Result<Arc<SqliteStore>, OpenError> {
    let store = SqliteStore::open_on(disk, SqliteOptions::default())?;
    Ok(Arc::new(store))
}

/// Opens a store on a healthy disk.
async fn open_healthy(disk: &SimulatedDisk) -> Arc<SqliteStore> {
    let store = open(disk).await.expect("the database opens");
    store.checkpoint_after(CHECKPOINT_PAGES).await.expect("a setting");
    store
}

#[test]
fn a_power_failure_loses_nothing_that_was_acknowledged() {
    from_seeds(0..60, power_fails_at_work);
}

#[test]
fn a_power_failure_while_the_store_opens_or_closes_leaves_a_database() {
    from_seeds(0..30, power_fails_at_opening_and_closing);
}

#[test]
fn a_failing_disk_loses_nothing_that_was_acknowledged() {
    from_seeds(0..50, disk_fails);
}

#[test]
fn the_same_seed_leads_to_the_same_faults() {
    from_seeds(0..3, |seed| async move {
        let counts = disk_fails(seed).await;
        assert!(counts.faults > 0);
        assert_eq!(disk_fails(seed).await, counts);
    });
}

/// In this run a sync of the log fails, a new process builds on what the log holds in memory, and the power
/// fails.
#[test]
fn a_commit_whose_sync_failed_takes_no_later_one_with_it() {
    from_seeds(1_554..1_555, disk_fails);
}

/// Several tasks at the same time, and the threads that production has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_failure_under_load_loses_nothing_that_was_acknowledged() {
    for seed in 0..10 {
        let _seed = Seed(seed);
        let disk = SimulatedDisk::new(seed);
        let options = SqliteOptions::default();
        let store = Arc::new(SqliteStore::open_threaded_on(&disk, options).expect("the database opens"));
        let scene = Scene::new(Arc::clone(&store) as Arc<dyn Store>).await;
        disk.power_failure_after(Rng::with_seed(seed).u64(0..400));
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (store, session) = (Arc::clone(&store), scene.session);
                let events: Vec<_> = (0..400).map(|n| scene.owned(task * 1000 + n)).collect();
                tokio::spawn(append_until_it_fails(store, session, events))
            })
            .collect();
        let mut acknowledged = Vec::new();
        for task in tasks {
            acknowledged.extend(task.await.expect("no panic"));
        }
        assert_eq!(disk.counts().power_failures, 1);
        drop((scene, store));
        let store = open_healthy(&disk).await;
        assert_eq!(store.integrity().await.as_deref(), Ok("ok"));
        for event in acknowledged {
            let found = store.event(event.event.account, event.event.id).await;
            assert_eq!(found, Ok(Some(event.event.clone())));
            assert!(store.delivery(key_of(&event, 0)).await.expect("a read").is_some());
        }
    }
}

/// Returns the events that were acknowledged.
async fn append_until_it_fails(
    store: Arc<SqliteStore>,
    session: SessionId,
    events: Vec<NewEvent>,
) -> Vec<NewEvent> {
    let mut acknowledged = Vec::new();
    for event in events {
        match append(&*store, session, vec![event.clone()]).await {
            Ok(_) => acknowledged.push(event),
            Err(_) => break,
        }
    }
    acknowledged
}

/// The same from more seeds, for `./test --deep`.
mod deep {
    use super::*;

    #[test]
    fn a_power_failure_loses_nothing_that_was_acknowledged() {
        from_seeds(1_000..3_000, power_fails_at_work);
    }

    #[test]
    fn a_power_failure_while_the_store_opens_or_closes_leaves_a_database() {
        from_seeds(1_000..2_000, power_fails_at_opening_and_closing);
    }

    #[test]
    fn a_failing_disk_loses_nothing_that_was_acknowledged() {
        from_seeds(1_000..3_000, disk_fails);
    }
}

/// Cuts the power at random operations while the store works.
async fn power_fails_at_work(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let disk = SimulatedDisk::new(seed);
    let mut store = open_healthy(&disk).await;
    let mut ledger = Ledger::new(Arc::clone(&store), rng.fork()).await;
    for failure in 1..=4 {
        disk.power_failure_after(rng.u64(0..150));
        while disk.counts().power_failures < failure {
            ledger.take_step(&store).await;
        }
        // The process goes on for a moment, in vain.
        ledger.take_step(&store).await;
        store = open_healthy(&disk).await;
        ledger.check(&store).await;
    }
    assert!(ledger.acknowledged > 0 && disk.counts().syncs > 0);
}

/// Cuts the power while a new store opens, and while a store closes.
async fn power_fails_at_opening_and_closing(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let disk = SimulatedDisk::new(seed);
    // A few operations further with each try, the last of which succeeds.
    let mut operations = 0;
    let store = loop {
        disk.power_failure_after(operations);
        match open(&disk).await {
            Ok(store) => break store,
            Err(error) => assert!(matches!(
                error,
                OpenError::Io { .. } | OpenError::Sqlite(_) | OpenError::Migration(_)
            )),
        }
        operations += rng.u64(1..12);
    };
    disk.power_failure_after(None);
    let mut ledger = Ledger::new(Arc::clone(&store), rng.fork()).await;
    let mut current = Some(store);
    for _ in 0..3 {
        let store = current.take().expect("an open store");
        for _ in 0..10 {
            ledger.take_step(&store).await;
        }
        // Closing copies the log into the database and removes it.
        disk.power_failure_after(rng.u64(0..60));
        ledger.close(store);
        disk.power_failure();
        let store = open_healthy(&disk).await;
        ledger.check(&store).await;
        current = Some(store);
    }
}

/// Lets the disk fail for a while, again and again, and sometimes ends the process or the power
/// meanwhile.
async fn disk_fails(seed: u64) -> DiskCounts {
    let mut rng = Rng::with_seed(seed);
    let disk = SimulatedDisk::new(seed);
    let mut store = open_healthy(&disk).await;
    let mut ledger = Ledger::new(Arc::clone(&store), rng.fork()).await;
    for _ in 0..8 {
        let fault = FAULTS[rng.usize(0..FAULTS.len())];
        match rng.bool() {
            true => disk.fail(Some(fault)),
            false => disk.fail_one_in(rng.u32(2..20), fault),
        }
        for _ in 0..rng.usize(1..15) {
            ledger.take_step(&store).await;
        }
        let ends = rng.u8(0..4);
        match ends {
            0 => disk.kill_process(),
            1 => disk.power_failure(),
            // The process goes on.
            _ => disk.fail(None),
        }
        if ends < 2 {
            // It may not open until the fault is over.
            let _ = open(&disk).await;
            disk.fail(None);
            store = open_healthy(&disk).await;
        }
        ledger.check(&store).await;
    }
    assert!(ledger.acknowledged > 0);
    disk.counts()
}
