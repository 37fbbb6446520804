//! [`Figures`]: its parts, its start and its stop, and what it counts as the engine's observer.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_engine::observe::{Observer, RecordedResults, StoredEvents};
use postrider_model::{AccountId, Clock, Timestamp};
use postrider_storage::{CanceledDelivery, Store};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use crate::feed::{Feed, RecordedAttempt};
use crate::rooms::Rooms;
use crate::statistics::Statistics;
use crate::{flush, prune};

/// How long a stop waits for the last figures to be written. They are not worth a longer wait.
const LAST_FLUSH_MAX: Duration = Duration::from_secs(3);

/// The parts of [`Figures`].
pub struct FiguresParts {
    /// The store of the record and the sums.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How long settled events are kept; sums by the hour are kept at least as long.
    pub retention: Duration,
}

/// The record and the figures of an installation, as one node reads them. Shared as `Arc<Figures>`.
pub struct Figures {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retention: Duration,
    pub(crate) statistics: Statistics,
    pub(crate) exports: Arc<Rooms>,
    pub(crate) searches: Arc<Rooms>,
    feed: Feed,
    tasks: Mutex<Option<Tasks>>,
}

struct Tasks {
    /// Dropping it makes the flush task write the last figures and end.
    stop: oneshot::Sender<()>,
    flush: JoinHandle<()>,
    prune: JoinHandle<()>,
}

impl Figures {
    /// Starts the tasks that add to the store's sums and remove old ones. Pass the result to the engine as
    /// its observer.
    pub fn start(parts: FiguresParts) -> Arc<Self> {
        let figures = Arc::new(Self {
            store: parts.store,
            clock: parts.clock,
            retention: parts.retention,
            statistics: Statistics::default(),
            exports: Arc::default(),
            searches: Arc::default(),
            feed: Feed::new(),
            tasks: Mutex::new(None),
        });
        let (stop, stopped) = oneshot::channel();
        *figures.tasks.lock() = Some(Tasks {
            stop,
            flush: tokio::spawn(flush::run(Arc::clone(&figures), stopped)),
            prune: tokio::spawn(prune::run(Arc::clone(&figures))),
        });
        figures
    }

    /// Adds everything counted to the store's sums, and stops the tasks. Stop the engine first: what it
    /// reports later is lost.
    pub async fn stop(&self) {
        let Some(tasks) = self.tasks.lock().take() else {
            return;
        };
        tasks.prune.abort();
        drop(tasks.stop);
        let mut flush = tasks.flush;
        if tokio::time::timeout(LAST_FLUSH_MAX, &mut flush).await.is_err() {
            flush.abort();
        }
    }

    /// The attempts on this node from now on. A watcher that falls behind misses some, and gets an error
    /// that says so.
    pub fn watch(&self) -> broadcast::Receiver<Arc<RecordedAttempt>> {
        self.feed.watch()
    }
}

impl Observer for Figures {
    fn events_stored(&self, events: StoredEvents<'_>) {
        self.statistics.count_events(events);
    }

    fn results_recorded(&self, results: RecordedResults<'_>) {
        self.statistics.count_results(results);
        self.feed.publish(results);
    }

    fn deliveries_canceled(&self, account: AccountId, at: Timestamp, canceled: &[CanceledDelivery]) {
        self.statistics.count_canceled(account, at, canceled);
    }
}
