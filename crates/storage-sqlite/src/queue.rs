//! Access to the writer: a bounded queue to its thread. Tests on virtual time call it directly.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postrider_storage::{StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::checkpoint::{self, Bound, Nudge};
use crate::open::PAGE_BYTES;
use crate::pressure::{Pace, Pressure};
use crate::sql_error::SqlResult;
use crate::sync::{Log, SyncThreads, answer_all};
#[cfg(feature = "testing")]
use crate::testing::SimulatedDisk;
#[cfg(feature = "testing")]
use crate::writer::WriteCounts;
use crate::writer::{Counters, Operation, Reopen, WriteCx, Writer};

/// Most operations that wait for the writer. At 10,000 single appends a second, that is about half a second
/// of work; when the queue is full, an immediate error serves the caller better than a longer wait.
const QUEUE_OPERATIONS_MAX: usize = 4096;

/// Most bytes in waiting operations, whatever their number: one operation can carry a thousand events.
const QUEUE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Most operations in one transaction. Beyond a few hundred, the share of the sync per operation is small
/// already, and each operation waits until the last one is done.
const GROUP_OPERATIONS_MAX: usize = 512;

/// Bytes after which a transaction accepts no further operation, to keep it short and its pages in the cache.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Access to the writer.
pub(crate) struct Queue {
    way: Way,
    #[cfg(feature = "testing")]
    counters: Arc<Counters>,
}

enum Way {
    Threaded(ThreadedWriter),
    #[cfg(feature = "testing")]
    Inline(Box<Inline>),
}

/// A writer without a thread.
#[cfg(feature = "testing")]
struct Inline {
    writer: parking_lot::Mutex<Writer>,
    log: Arc<Log>,
    disk: Option<SimulatedDisk>,
    /// Held by one commit after the other while the disk is slow.
    syncing: tokio::sync::Mutex<()>,
}

impl Queue {
    /// Moves the connection to a new thread, and `checkpoints` to another. `reopen` opens each again, in this
    /// order.
    pub(crate) fn start(
        data_dir: &Path,
        conn: Connection,
        checkpoints: Connection,
        reopen: (Reopen, Reopen),
        log_bytes_max: u64,
    ) -> std::io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let (reopen, reopen_checkpoints) = reopen;
        let log = Log::new(data_dir.to_owned());
        let writer = Writer::new(conn, reopen, Arc::clone(&log), Arc::clone(&counters));
        let checkpoints = (checkpoints, reopen_checkpoints);
        let bound = Bound {
            log: Arc::clone(&log),
            pressure: Pressure::default(),
            least_pages: log_bytes_max / u64::from(PAGE_BYTES),
        };
        Ok(Self {
            way: Way::Threaded(ThreadedWriter::start(writer, &log, checkpoints, bound)?),
            #[cfg(feature = "testing")]
            counters,
        })
    }

    /// Keeps the connection: each caller commits its own work, and waits for as long as the disk is slow.
    #[cfg(feature = "testing")]
    pub(crate) fn inline(
        data_dir: &Path,
        conn: Connection,
        reopen: Reopen,
        disk: Option<SimulatedDisk>,
    ) -> Self {
        let counters = Arc::new(Counters::default());
        let log = Log::new(data_dir.to_owned());
        let writer = Writer::new(conn, reopen, Arc::clone(&log), Arc::clone(&counters));
        Self {
            way: Way::Inline(Box::new(Inline {
                writer: parking_lot::Mutex::new(writer),
                log,
                disk,
                syncing: tokio::sync::Mutex::default(),
            })),
            counters,
        }
    }

    /// How much was written since the start.
    #[cfg(feature = "testing")]
    pub(crate) fn counts(&self) -> WriteCounts {
        self.counters.read()
    }

    /// Runs work in a transaction and returns its result once that is on disk.
    ///
    /// Once queued, the work runs even if the caller goes away.
    pub(crate) async fn write<T, F>(&self, part: Part<F>) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        let bytes = part.bytes;
        let (operation, answer) = operation(part);
        self.send(vec![operation], bytes).await?;
        answered(answer).await
    }

    /// Runs two pieces of work, queued as one operation so that they share a transaction.
    pub(crate) async fn write_two<T, U, F, G>(
        &self,
        first: Part<F>,
        second: Part<G>,
    ) -> (StoreResult<T>, StoreResult<U>)
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
        G: FnMut(&mut WriteCx<'_>) -> SqlResult<U> + Send + 'static,
    {
        let bytes = first.bytes + second.bytes;
        let (first, first_answer) = operation(first);
        let (second, second_answer) = operation(second);
        if let Err(error) = self.send(vec![first, second], bytes).await {
            return (Err(error.clone()), Err(error));
        }
        (answered(first_answer).await, answered(second_answer).await)
    }

    #[cfg_attr(
        not(feature = "testing"),
        expect(
            clippy::unused_async,
            reason = "a writer without a thread waits for its disk here"
        )
    )]
    async fn send(&self, operations: Vec<Box<dyn Operation>>, bytes: usize) -> StoreResult<()> {
        match &self.way {
            Way::Threaded(thread) => thread.send(operations, bytes),
            #[cfg(feature = "testing")]
            Way::Inline(inline) => {
                inline.commit(operations).await;
                Ok(())
            }
        }
    }
}

#[cfg(feature = "testing")]
impl Inline {
    /// Commits the operations and, once the disk has taken its time, syncs and answers them. Others may
    /// commit meanwhile.
    async fn commit(&self, operations: Vec<Box<dyn Operation>>) {
        let committed = self.writer.lock().commit(operations, &|| {});
        if committed.is_empty() {
            return;
        }
        if let Some(duration) = self.disk.as_ref().and_then(SimulatedDisk::sync_duration) {
            let _turn = self.syncing.lock().await;
            tokio::time::sleep(duration).await;
        }
        self.log.sync_here(committed);
        if self.log.is_in_doubt() {
            let _writer = self.writer.lock();
            let _ = self.log.settle();
        }
    }
}

/// Work for the writer, and about how many bytes it carries.
pub(crate) struct Part<F> {
    pub(crate) bytes: usize,
    pub(crate) work: F,
}

type Answer<T> = oneshot::Receiver<StoreResult<T>>;

fn operation<T, F>(part: Part<F>) -> (Box<dyn Operation>, Answer<T>)
where
    T: Send + 'static,
    F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let work = Work {
        work: part.work,
        result: None,
        reply,
    };
    (Box::new(work), answer)
}

async fn answered<T>(answer: Answer<T>) -> StoreResult<T> {
    answer
        .await
        .unwrap_or_else(|_| Err(StoreError::Unavailable("the store is shutting down".to_owned())))
}

struct Work<T, F> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Operation for Work<T, F>
where
    T: Send,
    F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send,
{
    fn run(&mut self, cx: &mut WriteCx<'_>) -> SqlResult<()> {
        self.result = Some((self.work)(cx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let answer = match (failure, self.result) {
            (None, Some(result)) => Ok(result),
            (Some(error), _) => Err(error.clone()),
            (None, None) => Err(StoreError::Internal("an operation was not run".to_owned())),
        };
        // The caller may have gone away.
        let _ = self.reply.send(answer);
    }
}

/// A message to the writer's thread.
enum Queued {
    /// Operations for the same transaction, and about how many bytes they carry.
    Operations(Vec<Box<dyn Operation>>, usize),
    /// A request to copy the rest of the log.
    RestartLog,
    /// A sync has ended, and perhaps failed.
    Synced,
    /// The last message.
    Stop,
}

/// The writer on its thread. Dropping it waits until the queued work is finished.
struct ThreadedWriter {
    /// `None` only while being dropped.
    sender: Option<SyncSender<Queued>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
    checkpoints: Option<JoinHandle<()>>,
}

impl ThreadedWriter {
    fn start(
        writer: Writer,
        log: &Arc<Log>,
        checkpoints: (Connection, Reopen),
        bound: Bound,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_OPERATIONS_MAX);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let (nudge, nudged) = checkpoint::nudges();
        let restart = sender.clone();
        let pressure = bound.pressure.clone();
        let checkpoints = checkpoint::start(checkpoints, bound, nudged, move || {
            // If the queue is full, the next pass asks again.
            let _ = restart.try_send(Queued::RestartLog);
        })?;
        let synced = sender.clone();
        let in_doubt = Arc::clone(log);
        let syncs = SyncThreads::start(log, move || {
            // If the queue is full, the writer looks at the log before its next commit anyway.
            if in_doubt.is_in_doubt() {
                let _ = synced.try_send(Queued::Synced);
            }
        })?;
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn({
                let (queued_bytes, log) = (Arc::clone(&queued_bytes), Arc::clone(log));
                let beside = Beside {
                    log,
                    syncs,
                    nudge,
                    pressure,
                };
                move || serve(writer, &receiver, &queued_bytes, beside)
            })?;
        Ok(Self {
            sender: Some(sender),
            queued_bytes,
            thread: Some(thread),
            checkpoints: Some(checkpoints),
        })
    }

    fn send(&self, operations: Vec<Box<dyn Operation>>, bytes: usize) -> StoreResult<()> {
        let before = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // An operation larger than the bound is accepted if no other waits.
        let sent = if before > 0 && before.saturating_add(bytes) > QUEUE_BYTES_MAX {
            Err(StoreError::Busy)
        } else {
            let queued = Queued::Operations(operations, bytes);
            match self.sender.as_ref().map(|sender| sender.try_send(queued)) {
                Some(Ok(())) => Ok(()),
                Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
                Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Unavailable(
                    "the store's writer has stopped".to_owned(),
                )),
            }
        };
        if sent.is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        sent
    }
}

impl Drop for ThreadedWriter {
    fn drop(&mut self) {
        // The threads end one after the other: the checkpoint thread runs for as long as the writer's. Both
        // catch panics of their work, so `join` could only return a panic that nobody is left to handle.
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Queued::Stop);
        }
        for thread in [self.thread.take(), self.checkpoints.take()]
            .into_iter()
            .flatten()
        {
            let _ = thread.join();
        }
    }
}

/// What works beside the writer.
struct Beside {
    log: Arc<Log>,
    syncs: SyncThreads,
    nudge: Nudge,
    pressure: Pressure,
}

/// Commits everything in the queue together, repeatedly until the store is dropped.
fn serve(mut writer: Writer, queue: &Receiver<Queued>, queued_bytes: &AtomicUsize, beside: Beside) {
    let mut last_commit = Duration::ZERO;
    while let Ok(first) = queue.recv() {
        let mut last = first;
        if let Queued::Operations(mut group, mut bytes) = last {
            let pace = beside.pressure.pace(last_commit);
            if let Pace::After(wait) = pace
                && !wait.is_zero()
            {
                std::thread::sleep(wait);
            }
            last = fill_up(&mut group, &mut bytes, queue);
            queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            let began = Instant::now();
            if pace == Pace::Refuse {
                let full = "the log is at its bound, because another program reads an old snapshot";
                answer_all(group, Some(&StoreError::Unavailable(full.to_owned())));
            } else {
                let committed = writer.commit(group, &|| beside.syncs.wait());
                beside.syncs.sync(committed);
            }
            last_commit = began.elapsed();
            beside.nudge.committed();
        }
        match last {
            Queued::RestartLog => {
                if let Err(error) = checkpoint::finish(writer.connection()) {
                    tracing::warn!(%error, "the log could not be copied into the database");
                    beside.log.doubt();
                }
            }
            Queued::Synced => {
                // Whoever waits for it gets the error.
                let _ = beside.log.settle();
            }
            Queued::Stop => break,
            Queued::Operations(..) => {}
        }
    }
    drop(beside.syncs);
    // Without a sync to come, this is the last chance for the commits whose sync failed.
    let _ = beside.log.settle();
    // Refreshing the query planner's statistics costs little here, and the next start can plan with them.
    if let Err(error) = writer.connection().execute_batch("PRAGMA optimize") {
        tracing::debug!(%error, "the statistics were not refreshed");
    }
}

/// Adds queued operations to the group. Returns the other message that it found, or an empty list of
/// operations.
fn fill_up(group: &mut Vec<Box<dyn Operation>>, bytes: &mut usize, queue: &Receiver<Queued>) -> Queued {
    while group.len() < GROUP_OPERATIONS_MAX && *bytes < GROUP_BYTES_MAX {
        match queue.try_recv() {
            Ok(Queued::Operations(more, more_bytes)) => {
                group.extend(more);
                *bytes = bytes.saturating_add(more_bytes);
            }
            Ok(other) => return other,
            Err(_) => break,
        }
    }
    Queued::Operations(Vec::new(), 0)
}
