//! The writer on its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postrider_storage::{StoreError, StoreResult};
use rusqlite::Connection;

use crate::checkpoint::{self, Bound, Nudge};
use crate::pressure::{Pace, Pressure};
use crate::sql_error::SqlError;
use crate::sync::{Log, SETTLE_EVERY, Syncs, answer_all};
use crate::writer::{Operation, Reopen, Writer};

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

/// A message to the writer's thread.
enum Queued {
    /// Operations for the same transaction, and about how many bytes they carry.
    Operations(Vec<Box<dyn Operation>>, usize),
    /// A request to copy the rest of the log.
    RestartLog,
    /// A sync has failed.
    SyncFailed,
    /// The last message.
    Stop,
}

/// The writer on its thread. Dropping it waits until the queued work is finished.
pub(super) struct ThreadedWriter {
    /// `None` only while being dropped.
    sender: Option<SyncSender<Queued>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
    checkpoints: Option<JoinHandle<()>>,
}

impl ThreadedWriter {
    pub(super) fn start(
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
        let failed = sender.clone();
        let in_doubt = Arc::clone(log);
        let syncs = Syncs::start(log, move || {
            // If the queue is full, the writer looks at the log before its next commit anyway.
            if in_doubt.is_in_doubt() {
                let _ = failed.try_send(Queued::SyncFailed);
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

    pub(super) fn send(&self, operations: Vec<Box<dyn Operation>>, bytes: usize) -> StoreResult<()> {
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
    syncs: Syncs,
    nudge: Nudge,
    pressure: Pressure,
}

/// Commits everything in the queue together, repeatedly until the store is dropped.
fn serve(mut writer: Writer, queue: &Receiver<Queued>, queued_bytes: &AtomicUsize, mut beside: Beside) {
    let mut last_commit = Duration::ZERO;
    let mut settle_at = Instant::now();
    while let Some(mut last) = receive(queue, &beside.log, &mut settle_at) {
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
            Queued::RestartLog if !beside.log.is_in_doubt() => restart_log(&writer, &beside.log),
            Queued::Stop => break,
            Queued::RestartLog | Queued::Operations(..) | Queued::SyncFailed => {}
        }
    }
    drop(beside.syncs);
    // Refreshing the query planner's statistics costs little here, and the next start can plan with them.
    if let Err(error) = writer.connection().execute_batch("PRAGMA optimize") {
        tracing::debug!(%error, "the statistics were not refreshed");
    }
}

/// Copies the rest of the log. As in a pass of the checkpoint thread, the log must not be in doubt.
fn restart_log(writer: &Writer, log: &Log) {
    if let Err(error) = checkpoint::finish(writer.connection()).map_err(SqlError::from) {
        tracing::warn!(%error, "the log could not be copied into the database");
        if error.may_be_a_failed_sync() {
            log.doubt();
        }
    }
}

/// Waits for the next message. Meanwhile, tries again and again to settle a log in doubt. `None` once there
/// can be no further message.
fn receive(queue: &Receiver<Queued>, log: &Log, settle_at: &mut Instant) -> Option<Queued> {
    loop {
        let received = match log.is_in_doubt() {
            true => queue.recv_timeout(settle_at.saturating_duration_since(Instant::now())),
            false => queue.recv().map_err(RecvTimeoutError::from),
        };
        if *settle_at <= Instant::now() && log.settle() {
            *settle_at = Instant::now() + SETTLE_EVERY;
        }
        match received {
            Ok(received) => return Some(received),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
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
