//! What a store acknowledged, and whether it is there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use postrider_model::delivery::Progress;
use postrider_model::{Outcome, Timestamp};
use postrider_storage::{
    Appended, Change, DeliveryFilter, DeliveryStore, EventStore, Finished, FirstAttempt, NewEvent,
    PageRequest, Recorded, SessionStore, Store, StoreError, StoreResult, WorkStore,
};
use postrider_storage_sqlite::{SimulatedDisk, SqliteOptions, SqliteStore};
use postrider_storage_testkit::build::{attempted, delivery_of, key_of};
use postrider_storage_testkit::scene::Scene;
use tokio::time::timeout;

/// Most events and reports in one call.
const CALL_ITEMS_MAX: usize = 6;

/// How long a caller waits for a write, on virtual time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the store acknowledged something. If not, the call failed, and all of it may be there, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    InDoubt,
}

struct Tracked {
    event: NewEvent,
    fate: Fate,
    /// The only report about each delivery, unless none was tried.
    reports: Vec<Option<(Fate, Finished)>>,
}

/// Everything that was tried in one store.
pub struct Ledger {
    scene: Scene,
    rng: Rng,
    events: Vec<Tracked>,
    second: i64,
    /// Calls that the store acknowledged.
    pub acknowledged: usize,
    /// Calls that failed.
    pub failed: usize,
}

impl Ledger {
    /// Begins with an empty store.
    pub async fn new(store: Arc<SqliteStore>, rng: Rng) -> Self {
        Self {
            scene: Scene::new(store as Arc<dyn Store>).await,
            rng,
            events: Vec::new(),
            second: 0,
            acknowledged: 0,
            failed: 0,
        }
    }

    /// Closes the store in an orderly way, as far as its disk permits.
    pub fn close(&mut self, store: Arc<SqliteStore>) {
        // The scene needs some store, and the ledger never uses it.
        let other = SqliteStore::open_on(&SimulatedDisk::new(0), SqliteOptions::default());
        self.scene.store = Arc::new(other.expect("another store"));
        assert_eq!(Arc::strong_count(&store), 1, "nothing else keeps the store open");
        drop(store);
    }

    /// Takes one step: appends events, reports attempts, or reads. Each may fail.
    pub async fn take_step(&mut self, store: &SqliteStore) {
        match self.rng.u8(0..10) {
            0..5 => self.append(store).await,
            5..8 => self.finish(store).await,
            8 => self.look(store).await,
            _ => {
                let checked = patiently(store.check()).await;
                self.count(&checked);
            }
        }
    }

    /// Checks the database and all that was tried, then appends more: the disk is healthy, so nothing fails.
    pub async fn check(&mut self, store: &SqliteStore) {
        assert_eq!(store.integrity().await.as_deref(), Ok("ok"));
        for tracked in &mut self.events {
            let is_there = check_event(&tracked.event, tracked.fate, store).await;
            for (index, report) in tracked.reports.iter_mut().enumerate() {
                check_delivery(&tracked.event, index, report, is_there, store).await;
            }
            // From now on nothing is in doubt.
            tracked.fate = if is_there {
                Fate::Acknowledged
            } else {
                Fate::InDoubt
            };
        }
        self.events.retain(|tracked| tracked.fate == Fate::Acknowledged);
        let failed = self.failed;
        self.append(store).await;
        self.finish(store).await;
        assert_eq!(self.failed, failed, "a healthy store goes on");
    }

    async fn append(&mut self, store: &SqliteStore) {
        let count = self.rng.usize(1..CALL_ITEMS_MAX);
        let events: Vec<_> = (0..count).map(|_| self.draw_event()).collect();
        let session = self.scene.session;
        let advanced = store.advance(session, events.clone().into(), [].into());
        let appended = patiently(async { advanced.await.appended }).await;
        let fate = self.count(&appended);
        if let Ok(appended) = appended {
            assert_eq!(appended, vec![Appended::Stored; count]);
        }
        self.events.extend(events.into_iter().map(|event| Tracked {
            reports: vec![None; event.deliveries.len()],
            event,
            fate,
        }));
    }

    fn draw_event(&mut self) -> NewEvent {
        self.second += 1;
        let count = self.rng.usize(0..=self.scene.actions.len());
        let actions = &self.scene.actions[..count];
        let mut event = self.scene.event_for(self.second, actions, FirstAttempt::Owned);
        // One in eight needs several pages.
        let bytes = if self.rng.u8(0..8) == 0 { 40_000 } else { 400 };
        event.event.data = Bytes::from(format!("\"{}\"", "x".repeat(self.rng.usize(0..bytes))));
        event
    }

    async fn finish(&mut self, store: &SqliteStore) {
        let mut reported = Vec::new();
        let mut reports = Vec::new();
        for (number, tracked) in self.events.iter().enumerate().rev() {
            for index in 0..tracked.reports.len() {
                let is_open = tracked.fate == Fate::Acknowledged && tracked.reports[index].is_none();
                if is_open && reports.len() < CALL_ITEMS_MAX && self.rng.bool() {
                    let outcome = [Outcome::Succeeded, Outcome::BadStatus][self.rng.usize(0..2)];
                    let action = tracked.event.deliveries[index].action;
                    let key = key_of(&tracked.event, index);
                    reports.push(attempted(key, action, &Progress::new(), self.second, outcome));
                    reported.push((number, index));
                }
            }
        }
        let advanced = store.advance(self.scene.session, [].into(), reports.clone().into());
        let recorded = patiently(async { advanced.await.recorded }).await;
        let fate = self.count(&recorded);
        if let Ok(recorded) = recorded {
            assert_eq!(recorded, vec![Recorded::Applied; reports.len()]);
        }
        for ((number, index), report) in reported.into_iter().zip(reports) {
            self.events[number].reports[index] = Some((fate, report));
        }
    }

    /// Reads: an acknowledged event is there, unless the read fails.
    async fn look(&mut self, store: &SqliteStore) {
        let Some(tracked) = self.rng.choice(&self.events) else {
            return;
        };
        let must_be_there = tracked.fate == Fate::Acknowledged;
        let found = store.event(self.scene.account, tracked.event.event.id).await;
        self.count(&found);
        assert!(found != Ok(None) || !must_be_there, "an event is missing");
        let page = PageRequest {
            limit: 50,
            after: None,
        };
        let listed = store
            .deliveries(self.scene.account, &DeliveryFilter::default(), page)
            .await;
        self.count(&listed);
        let lanes = store.waiting_lanes(Timestamp::EPOCH, None, 10).await;
        self.count(&lanes);
    }

    fn count<T>(&mut self, result: &StoreResult<T>) -> Fate {
        match result {
            Ok(_) => {
                self.acknowledged += 1;
                Fate::Acknowledged
            }
            Err(error) => {
                // The disk is the cause, so a caller may try again.
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                self.failed += 1;
                Fate::InDoubt
            }
        }
    }
}

/// Awaits a write for as long as a producer would. A commit waits until it is synced, which a broken disk
/// never does.
async fn patiently<T>(write: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let gone = |_| Err(StoreError::Unavailable("the caller has gone away".to_owned()));
    timeout(PATIENCE, write).await.unwrap_or_else(gone)
}

/// Whether the event is there, which it must be if it was acknowledged.
async fn check_event(event: &NewEvent, fate: Fate, store: &SqliteStore) -> bool {
    let found = store.event(event.event.account, event.event.id).await;
    match found.expect("a healthy store") {
        Some(found) => {
            assert_eq!(found, event.event);
            true
        }
        None => {
            assert_eq!(fate, Fate::InDoubt, "an acknowledged event is lost");
            false
        }
    }
}

/// Checks that a delivery is there if its event is, and that a report about it is recorded in full or not at
/// all. Clears a report that was not.
async fn check_delivery(
    event: &NewEvent,
    index: usize,
    report: &mut Option<(Fate, Finished)>,
    is_there: bool,
    store: &SqliteStore,
) {
    let record = store.record(key_of(event, index)).await.expect("a healthy store");
    let Some(record) = record else {
        assert!(!is_there, "an event without its delivery");
        return;
    };
    assert!(is_there, "a delivery without its event");
    if record.attempts.is_empty() {
        assert_eq!(record.delivery, delivery_of(event, index));
        let fate = report.take().map(|(fate, _)| fate);
        assert_ne!(fate, Some(Fate::Acknowledged), "an acknowledged attempt is lost");
        return;
    }
    let (fate, finished) = report.as_mut().expect("no attempt that was never reported");
    *fate = Fate::Acknowledged;
    let Change::Attempted {
        attempt, progress, ..
    } = &finished.change
    else {
        panic!("only attempts are reported");
    };
    assert_eq!(record.attempts, [(**attempt).clone()]);
    assert_eq!(record.delivery.progress, *progress);
}
