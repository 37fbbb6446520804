//! The store on a disk that loses power and fails: what was acknowledged is there, nothing is there by half,
//! and the store goes on. A failing test names its seed.

mod ledger;

use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use postrider_storage_sqlite::{OpenError, SimulatedDisk, SqliteOptions, SqliteStore};

use ledger::Ledger;

/// Pages in the log after which a commit copies them into the database: few, so that a short run does.
const CHECKPOINT_PAGES: u32 = 20;

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
fn from_seeds<F: Future<Output = ()>>(seeds: Range<u64>, scenario: impl Fn(u64) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
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
    from_seeds(0..100, |seed| async move {
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
    });
}
