//! Makes commits durable: threads that sync the log while the writer runs the next transaction.
//!
//! A commit is in the log, and visible to readers, before it is on the disk. Its callers get their answers
//! only after a sync that began after it; that sync covers every commit before it as well. [`THREADS`] syncs
//! may be under way at a time, so that a commit never waits for the rest of another's sync.
//!
//! **A quick disk** is synced by the writer itself. Threads gain nothing there, and cost the switch to them
//! and smaller commits: with syncs of 0.1 ms, 5 % of the events a second. With syncs of 1.1 ms they gave 8 %
//! more, with 3.1 ms 19 %.
//!
//! **A sync that failed.** Linux reports it once, and then takes the lost bytes for written
//! (<https://wiki.postgresql.org/wiki/Fsync_Errors>). From then on the log is *in doubt*: later commits would
//! build on what a power failure tears out. The writer refuses all work until it has written the whole log
//! again ([`crate::log`]), which it tries every [`SETTLE_EVERY`]. The commits that wait are durable then, and
//! are answered; for their callers the disk was slow. So an error always means that nothing was done.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use metrics::{Histogram, describe_histogram, histogram};
use parking_lot::{Condvar, Mutex};
use postrider_storage::StoreError;

use crate::log::{self, LogSync};
use crate::writer::Operation;

/// Syncs under way at a time. With one thread, a commit would wait for the rest of another's sync.
const THREADS: usize = 2;

/// Syncs that take this long on average are left to the threads.
const SLOW: Duration = Duration::from_micros(400);

/// How often the writer tries to write a log in doubt again. With 64 MiB, that takes some 100 ms.
pub(crate) const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// The metric of the time that syncs take.
const SECONDS: &str = "postrider_sqlite_sync_duration_seconds";

/// Operations whose transaction is in the log, but perhaps not on the disk.
pub(crate) type Committed = Vec<Box<dyn Operation>>;

/// The log's durability, shared by the writer and the threads that sync.
pub(crate) struct Log {
    data_dir: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
    /// How long syncs take.
    seconds: Histogram,
}

#[derive(Default)]
struct State {
    /// What the next free thread syncs.
    next: Option<Committed>,
    /// Syncs under way, the next one included.
    under_way: usize,
    /// What was not synced, because the log is in doubt.
    failed: Committed,
    in_doubt: bool,
    is_closed: bool,
    /// How long a sync takes, on average over the last few.
    takes: Duration,
}

impl Log {
    /// The log of a data folder.
    pub(crate) fn new(data_dir: PathBuf) -> Arc<Self> {
        describe_histogram!(
            SECONDS,
            metrics::Unit::Seconds,
            "Time that a sync of SQLite's log to the disk takes"
        );
        Arc::new(Self {
            data_dir,
            seconds: histogram!(SECONDS),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Syncs the log, and learns how long that takes.
    fn time(&self, handle: &mut LogSync) -> std::io::Result<()> {
        let began = Instant::now();
        let synced = handle.sync();
        let took = began.elapsed();
        self.seconds.record(took);
        let mut state = self.state.lock();
        state.takes = (state.takes * 7 + took) / 8;
        synced
    }

    /// Puts the log in doubt: a sync of it failed, or may have failed.
    pub(crate) fn doubt(&self) {
        self.state.lock().in_doubt = true;
    }

    /// Whether the log is in doubt.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.state.lock().in_doubt
    }

    /// A way to sync the log. Each thread needs one of its own: the system reports a failed write to each
    /// open file once.
    pub(crate) fn handle(&self) -> LogSync {
        LogSync::new(self.data_dir.clone())
    }

    /// Makes the log durable if it is in doubt, and answers what waits for that. Only the writer may call
    /// this, because it must not write meanwhile. Returns whether the log is in doubt still.
    pub(crate) fn settle(&self) -> bool {
        let mut state = self.state.lock();
        if !state.in_doubt {
            return false;
        }
        self.changed.wait_while(&mut state, |state| state.under_way > 0);
        match log::write_again(&self.data_dir) {
            Ok(()) => {
                state.in_doubt = false;
                let committed = std::mem::take(&mut state.failed);
                drop(state);
                tracing::warn!("wrote the log again, because a sync of it had failed");
                answer_all(committed, None);
                false
            }
            Err(error) => {
                tracing::error!(%error, "the log cannot be synced; until it can, nothing is written");
                drop(state);
                #[cfg(feature = "testing")]
                if crate::testing::is_dead(&self.data_dir) {
                    self.give_up();
                }
                true
            }
        }
    }

    /// Whether commits wait until the log is written again.
    #[cfg(feature = "testing")]
    pub(crate) fn is_awaited(&self) -> bool {
        !self.state.lock().failed.is_empty()
    }

    /// Answers what still waits for the log: the store is closing.
    fn give_up(&self) {
        let failed = std::mem::take(&mut self.state.lock().failed);
        let failure =
            StoreError::Unavailable("the log could not be synced before the store closed".to_owned());
        answer_all(failed, Some(&failure));
    }

    /// Answers what was committed before a sync that has ended like this.
    pub(crate) fn finish(&self, mut committed: Committed, synced: std::io::Result<()>) {
        let mut state = self.state.lock();
        if let Err(error) = synced {
            tracing::error!(%error, "the log could not be synced");
            state.in_doubt = true;
        }
        if state.in_doubt {
            // What their callers send next is refused, and does not wait behind them.
            committed.iter_mut().for_each(|operation| operation.committed());
            state.failed.extend(committed);
        } else {
            drop(state);
            answer_all(committed, None);
        }
    }
}

/// Answers the operations.
pub(crate) fn answer_all(operations: Vec<Box<dyn Operation>>, failure: Option<&StoreError>) {
    for operation in operations {
        operation.answer(failure);
    }
}

/// The threads, and the writer's own way to sync. Dropping them waits until everything is synced.
pub(crate) struct Syncs {
    log: Arc<Log>,
    own: LogSync,
    threads: Vec<JoinHandle<()>>,
}

impl Syncs {
    /// Starts them. `finished` is called after each sync of a thread.
    pub(crate) fn start(
        log: &Arc<Log>,
        finished: impl Fn() + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let mut syncs = Self {
            log: Arc::clone(log),
            own: log.handle(),
            threads: Vec::new(),
        };
        for number in 1..=THREADS {
            let (log, finished) = (Arc::clone(log), finished.clone());
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-sync-{number}"))
                .spawn(move || serve(&log, &finished))?;
            syncs.threads.push(thread);
        }
        Ok(syncs)
    }

    /// Waits until a thread is free. Commit only then: what is committed is synced at once.
    pub(crate) fn wait(&self) {
        let mut state = self.log.state.lock();
        self.log
            .changed
            .wait_while(&mut state, |state| state.under_way >= THREADS);
    }

    /// Syncs what was committed, here or on a free thread, and answers it.
    pub(crate) fn sync(&mut self, mut committed: Committed) {
        if committed.is_empty() {
            return;
        }
        let mut state = self.log.state.lock();
        if state.under_way == 0 && state.takes < SLOW {
            drop(state);
            let synced = self.log.time(&mut self.own);
            self.log.finish(committed, synced);
            return;
        }
        committed.iter_mut().for_each(|operation| operation.committed());
        self.log
            .changed
            .wait_while(&mut state, |state| state.next.is_some());
        state.under_way += 1;
        state.next = Some(committed);
        self.log.changed.notify_all();
    }
}

impl Drop for Syncs {
    fn drop(&mut self) {
        self.log.state.lock().is_closed = true;
        self.log.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.log.settle();
        self.log.give_up();
    }
}

fn serve(log: &Log, finished: &impl Fn()) {
    let mut handle = log.handle();
    loop {
        let mut state = log.state.lock();
        log.changed
            .wait_while(&mut state, |state| state.next.is_none() && !state.is_closed);
        let Some(committed) = state.next.take() else {
            return;
        };
        drop(state);
        let synced = log.time(&mut handle);
        log.finish(committed, synced);
        log.state.lock().under_way -= 1;
        log.changed.notify_all();
        finished();
    }
}
