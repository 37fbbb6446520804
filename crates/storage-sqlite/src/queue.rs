//! Access to the writer: a bounded queue to its thread. Tests on virtual time call it directly.

#[cfg(feature = "testing")]
mod inline;
mod threaded;

use std::path::Path;
use std::sync::Arc;

use postrider_storage::{StoreError, StoreResult, Turn};
use rusqlite::Connection;
use tokio::sync::oneshot;

#[cfg(feature = "testing")]
use self::inline::Inline;
use self::threaded::ThreadedWriter;
use crate::checkpoint::Bound;
use crate::open::PAGE_BYTES;
use crate::pressure::Pressure;
use crate::sql_error::SqlResult;
use crate::sync::Log;
#[cfg(feature = "testing")]
use crate::testing::SimulatedDisk;
#[cfg(feature = "testing")]
use crate::writer::WriteCounts;
use crate::writer::{Counters, Operation, Reopen, WriteCx, Writer};

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
            way: Way::Inline(Box::new(Inline::new(writer, log, disk))),
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

/// Work for the writer, and about how many bytes it carries.
pub(crate) struct Part<F> {
    bytes: usize,
    work: F,
    turn: Option<Turn>,
}

impl<F> Part<F> {
    pub(crate) const fn new(bytes: usize, work: F) -> Self {
        let turn = None;
        Self { bytes, work, turn }
    }

    /// Work that ends this turn once its transaction is committed, if its sync is left to a thread.
    pub(crate) fn in_turn(self, turn: Turn) -> Self {
        let turn = Some(turn);
        Self { turn, ..self }
    }
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
        turn: part.turn,
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
    turn: Option<Turn>,
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

    fn committed(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.end();
        }
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
