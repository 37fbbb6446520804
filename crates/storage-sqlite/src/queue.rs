//! The way to the writer: a bounded queue to its thread, or a call on the spot.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use postrider_storage::{StoreError, StoreResult};
use tokio::sync::oneshot;

use crate::options::Execution;
use crate::sql_error::SqlResult;
use crate::writer::{Counters, Operation, WriteCounts, WriteCx, Writer};

/// Most operations that wait for the writer. At 10,000 single appends a second that is half a second's worth; a
/// caller that finds it full is better off being told.
const QUEUE_OPERATIONS_MAX: usize = 4096;

/// Most bytes in operations that wait, whatever their number: one operation can carry a thousand events.
const QUEUE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Most operations in one transaction. Beyond some hundred the sync is spread thin already, and all of them wait
/// until the last one is done.
const GROUP_OPERATIONS_MAX: usize = 512;

/// Bytes after which a transaction takes no further operation, to keep it short and its pages in the cache.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The way to the writer.
pub(crate) struct Queue {
    way: Way,
    counters: Arc<Counters>,
}

enum Way {
    Threaded(ThreadedWriter),
    Inline(Box<Mutex<Writer>>),
}

impl Queue {
    /// Hands the connection to a new thread, or keeps it.
    pub(crate) fn start(conn: rusqlite::Connection, execution: Execution) -> std::io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let writer = Writer::new(conn, Arc::clone(&counters));
        let way = match execution {
            Execution::Threaded => Way::Threaded(ThreadedWriter::start(writer)?),
            Execution::Inline => Way::Inline(Box::new(Mutex::new(writer))),
        };
        Ok(Self { way, counters })
    }

    /// How much was written since the start.
    pub(crate) fn counts(&self) -> WriteCounts {
        self.counters.read()
    }

    /// Runs work in a transaction and returns its result once that is on disk.
    ///
    /// Once queued, the work is done even if the caller goes away.
    pub(crate) async fn write<T, F>(&self, part: Part<F>) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteCx<'_>) -> SqlResult<T> + Send + 'static,
    {
        let bytes = part.bytes;
        let (operation, answer) = operation(part);
        self.send(vec![operation], bytes)?;
        answered(answer).await
    }

    /// The same with two pieces of work, which are queued as one: they get into the same transaction.
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
        if let Err(error) = self.send(vec![first, second], bytes) {
            return (Err(error.clone()), Err(error));
        }
        (answered(first_answer).await, answered(second_answer).await)
    }

    fn send(&self, operations: Vec<Box<dyn Operation>>, bytes: usize) -> StoreResult<()> {
        match &self.way {
            Way::Threaded(thread) => thread.send(Queued { operations, bytes }),
            Way::Inline(writer) => {
                writer.lock().commit(operations);
                Ok(())
            }
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
        // A caller that went away does not want to know.
        let _ = self.reply.send(answer);
    }
}

/// Operations that get into the same transaction.
struct Queued {
    operations: Vec<Box<dyn Operation>>,
    bytes: usize,
}

/// The writer on its thread. Dropping it lets the queued work finish and waits for that.
struct ThreadedWriter {
    /// Always there but while being dropped.
    sender: Option<SyncSender<Queued>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl ThreadedWriter {
    fn start(writer: Writer) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_OPERATIONS_MAX);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn({
                let queued_bytes = Arc::clone(&queued_bytes);
                move || serve(writer, &receiver, &queued_bytes)
            })?;
        Ok(Self {
            sender: Some(sender),
            queued_bytes,
            thread: Some(thread),
        })
    }

    fn send(&self, queued: Queued) -> StoreResult<()> {
        let bytes = queued.bytes;
        let before = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // A single operation larger than the bound is let in where nothing else waits.
        let sent = if before > 0 && before.saturating_add(bytes) > QUEUE_BYTES_MAX {
            Err(StoreError::Busy)
        } else {
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
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches the panics of its operations; there is nobody left to tell about another one.
            let _ = thread.join();
        }
    }
}

/// Takes what is there, commits it together, and so on until the store is dropped.
fn serve(mut writer: Writer, queue: &Receiver<Queued>, queued_bytes: &AtomicUsize) {
    while let Ok(first) = queue.recv() {
        let mut bytes = first.bytes;
        let mut group = first.operations;
        while group.len() < GROUP_OPERATIONS_MAX && bytes < GROUP_BYTES_MAX {
            let Ok(next) = queue.try_recv() else { break };
            bytes = bytes.saturating_add(next.bytes);
            group.extend(next.operations);
        }
        queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        writer.commit(group);
    }
    // Fresh statistics cost little here, and let the next start plan with them.
    if let Err(error) = writer.connection().execute_batch("PRAGMA optimize") {
        tracing::debug!(%error, "the statistics were not refreshed");
    }
}
