//! The one connection that writes, and its group commit.
//!
//! A commit costs one sync of the log, however much it contains. The writer therefore runs all operations
//! that wait in one transaction, which is synced while the writer runs the next ([`crate::sync`]). Under load
//! the groups grow; a single operation waits for no other.
//!
//! Each operation stays atomic without a savepoint of its own. Savepoints cost more than the statements
//! between them, and an operation that refuses its work decides so before it writes. Only a failing statement
//! remains, which is rare. In that case, the writer rolls back the whole transaction and runs every operation
//! of the group again in its own transaction, so that exactly the failing one fails. An operation must
//! therefore be repeatable (`FnMut`) and leave no trace outside the database except in [`Memory`], which a
//! rollback clears. If the environment is the cause (disk full), the writer repeats nothing: all operations
//! fail, and the next group tries again. If the connection may be the cause, because a read or a write of the
//! file failed, the writer opens another one and repeats the group once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postrider_storage::StoreError;
use rusqlite::Connection;

use crate::audit;
use crate::open::OpenError;
use crate::retention;
use crate::sql_error::{SqlError, SqlResult};
use crate::sync::{Committed, Log, answer_all};

/// The context of an operation.
pub(crate) struct WriteCx<'a> {
    /// The connection, in a transaction.
    pub(crate) conn: &'a Connection,
    /// What the writer remembers between operations.
    pub(crate) memory: &'a mut Memory,
}

/// What the writer remembers between operations to save reads. It starts empty, and is emptied by each
/// rollback.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The row number of the next attempt, once it was read.
    pub(crate) next_attempt: Option<i64>,
    /// `prune` has looked at the events up to this one since it last started from the oldest.
    pub(crate) pruned_through: i64,
    /// The progress of its passes by account.
    pub(crate) sweeps: retention::Sweeps,
}

/// A queued write, independent of the type of its result.
pub(crate) trait Operation: Send {
    /// Does the work and keeps the result for [`Self::answer`]. May be called again after a rollback.
    fn run(&mut self, cx: &mut WriteCx<'_>) -> SqlResult<()>;

    /// Its transaction is committed, and the writer goes on before it is synced.
    fn committed(&mut self);

    /// Sends the caller the kept result, which is now on disk, or the failure.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

/// How much was written.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Transactions committed.
    pub transactions: u64,
    /// Operations in them.
    pub operations: u64,
}

/// Counts what is written.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    transactions: AtomicU64,
    operations: AtomicU64,
}

impl Counters {
    #[cfg(feature = "testing")]
    pub(crate) fn read(&self) -> WriteCounts {
        WriteCounts {
            transactions: self.transactions.load(Ordering::Relaxed),
            operations: self.operations.load(Ordering::Relaxed),
        }
    }

    fn add(&self, operations: usize) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(operations as u64, Ordering::Relaxed);
    }
}

/// Opens a connection once more.
pub(crate) type Reopen = Box<dyn Fn() -> Result<Connection, OpenError> + Send>;

/// The writing connection.
pub(crate) struct Writer {
    conn: Connection,
    reopen: Reopen,
    memory: Memory,
    log: Arc<Log>,
    counters: Arc<Counters>,
}

impl Writer {
    pub(crate) fn new(conn: Connection, reopen: Reopen, log: Arc<Log>, counters: Arc<Counters>) -> Self {
        Self {
            conn,
            reopen,
            memory: Memory::default(),
            log,
            counters,
        }
    }

    /// The connection, for work outside a transaction.
    pub(crate) fn connection(&self) -> &Connection {
        &self.conn
    }

    /// Runs the operations in as few transactions as possible, and answers those that fail. The others are
    /// committed, and have to be synced. Before each commit, `may_commit` waits until a sync can begin.
    pub(crate) fn commit(&mut self, mut group: Vec<Box<dyn Operation>>, may_commit: &dyn Fn()) -> Committed {
        let mut outcome = self.transaction(&mut group, may_commit);
        if let Err(Failed::Work(error)) = &outcome
            && error.may_be_of_the_connection()
            && self.reopened(error)
        {
            outcome = self.transaction(&mut group, may_commit);
        }
        match outcome {
            Ok(()) => group,
            Err(Failed::LogInDoubt) => {
                let error = StoreError::Unavailable("the log cannot be synced".to_owned());
                answer_all(group, Some(&error));
                Vec::new()
            }
            Err(Failed::Work(error)) if group.len() == 1 || error.is_of_the_surroundings() => {
                tracing::error!(%error, operations = group.len(), "a write failed");
                answer_all(group, Some(&error.into()));
                Vec::new()
            }
            Err(Failed::Work(_)) => group
                .into_iter()
                .flat_map(|operation| self.commit(vec![operation], may_commit))
                .collect(),
        }
    }

    /// Replaces the connection, which has failed. False if no other can be opened.
    fn reopened(&mut self, failure: &SqlError) -> bool {
        // What failed may have been a sync.
        if self.log.settle() {
            return false;
        }
        match (self.reopen)() {
            Ok(conn) => {
                tracing::warn!(error = %failure, "opened the database again, because a write failed");
                // The old one closes last: the log is never without a connection, and is not recovered.
                self.conn = conn;
                true
            }
            Err(error) => {
                tracing::error!(%error, "could not open the database again");
                false
            }
        }
    }

    fn transaction(&mut self, group: &mut [Box<dyn Operation>], may_commit: &dyn Fn()) -> Result<(), Failed> {
        let run = self.begin().and_then(|()| self.run(group));
        let done = run.map_err(Failed::Work).and_then(|()| {
            may_commit();
            // A commit on top of a log in doubt could be lost with what is before it.
            if self.log.is_in_doubt() {
                return Err(Failed::LogInDoubt);
            }
            let committed = self
                .conn
                .prepare_cached("COMMIT")
                .and_then(|mut commit| commit.execute(()));
            committed.map(drop).map_err(|error| Failed::Work(error.into()))
        });
        match &done {
            Ok(()) => {
                self.counters.add(group.len());
                audit::log_added();
            }
            Err(failed) => {
                if let Failed::Work(error) = failed
                    && error.may_be_a_failed_sync()
                {
                    self.log.doubt();
                }
                self.roll_back();
            }
        }
        done
    }

    fn begin(&mut self) -> SqlResult<()> {
        // True only if a rollback failed as well.
        if !self.conn.is_autocommit() {
            self.roll_back();
        }
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        Ok(())
    }

    fn run(&mut self, group: &mut [Box<dyn Operation>]) -> SqlResult<()> {
        for operation in group {
            let mut cx = WriteCx {
                conn: &self.conn,
                memory: &mut self.memory,
            };
            // After a panic, the rollback restores the connection's state and clears the memory.
            catch_unwind(AssertUnwindSafe(|| operation.run(&mut cx)))
                .unwrap_or_else(|panic| Err(SqlError::Panicked(message_of(&*panic))))?;
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        self.memory = Memory::default();
        audit::forget_added();
        // After some errors (disk full, I/O) SQLite has already rolled back.
        if self.conn.is_autocommit() {
            return;
        }
        if let Err(error) = self.conn.execute_batch("ROLLBACK") {
            tracing::error!(%error, "a rollback failed");
        }
    }
}

/// Why a transaction was not committed.
enum Failed {
    /// Its work failed, or its commit.
    Work(SqlError),
    /// The log is in doubt.
    LogInDoubt,
}

#[cfg(test)]
mod tests;

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
