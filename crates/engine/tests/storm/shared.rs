//! The store that all nodes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use postrider_storage::{Changed, Store};
use postrider_storage_sqlite::{SimulatedDisk, SqliteOptions, SqliteStore};

/// The store that all nodes share, and its changes.
pub struct Shared {
    store: Mutex<Arc<dyn Store>>,
    /// The disk of a store that nobody shares.
    pub disk: Option<SimulatedDisk>,
    pub changes: Mutex<Vec<Changed>>,
    /// Power failures before the store was opened.
    opened_after: AtomicU64,
}

impl Shared {
    pub fn new(store: Arc<dyn Store>, disk: Option<SimulatedDisk>) -> Self {
        Self {
            store: Mutex::new(store),
            disk,
            changes: Mutex::default(),
            opened_after: AtomicU64::new(0),
        }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store.lock())
    }

    /// The power fails, and comes back.
    pub fn lose_power(&self) {
        let Some(disk) = &self.disk else { return };
        disk.fail(None);
        disk.power_failure_after(None);
        disk.power_failure();
        self.power_returns();
    }

    /// Opens the store again, if the power has failed since it was opened.
    pub fn power_returns(&self) {
        let Some(disk) = &self.disk else { return };
        if self.opened_after.swap(self.power_failures(), Ordering::Relaxed) == self.power_failures() {
            return;
        }
        disk.fail(None);
        let store = SqliteStore::open_on(disk, SqliteOptions::default()).expect("the database is whole");
        *self.store.lock() = Arc::new(store);
    }

    /// Power failures so far.
    pub fn power_failures(&self) -> u64 {
        self.disk.as_ref().map_or(0, |disk| disk.counts().power_failures)
    }
}
