//! Reading connections, a few in parallel with the writer: in WAL mode readers and writer never wait for each
//! other.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_storage::{StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::open;
use crate::options::SqliteOptions;
use crate::sql_error::{SqlError, SqlResult};

/// A pool of read-only connections, opened on demand.
pub(crate) struct Readers {
    data_dir: PathBuf,
    options: SqliteOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// Whether the calling thread reads.
    #[cfg(feature = "testing")]
    is_inline: bool,
    /// How many reads began.
    #[cfg(feature = "testing")]
    pub(crate) begun: std::sync::atomic::AtomicUsize,
}

impl Readers {
    pub(crate) fn new(data_dir: PathBuf, options: SqliteOptions) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(options.readers.max(1))),
            idle: Mutex::new(Vec::new()),
            data_dir,
            options,
            #[cfg(feature = "testing")]
            is_inline: false,
            #[cfg(feature = "testing")]
            begun: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Readers of which each works on the thread that calls it.
    #[cfg(feature = "testing")]
    pub(crate) fn inline(data_dir: PathBuf, options: SqliteOptions) -> Self {
        Self {
            is_inline: true,
            ..Self::new(data_dir, options)
        }
    }

    /// Runs `work` on one snapshot of the database.
    pub(crate) async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Unavailable("the store is shutting down".to_owned()))?;
        let conn = self.connection()?;
        #[cfg(feature = "testing")]
        self.begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        #[cfg(feature = "testing")]
        if self.is_inline {
            let (conn, result) = run(conn, work);
            return self.finished(conn, result);
        }
        // A panic drops the connection; the next read opens another. The task keeps the permit: a caller that
        // hangs up does not end the work, so it must not make room for more.
        let (conn, result) = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            run(conn, work)
        })
        .await
        .map_err(|error| StoreError::Internal(format!("a read was broken off: {error}")))?;
        self.finished(conn, result)
    }

    /// Keeps the connection for the next read. After an error that it may be the cause of, all idle ones are
    /// closed instead, because they share what they know of the log.
    fn finished<T>(&self, conn: Connection, result: SqlResult<T>) -> StoreResult<T> {
        match result {
            Err(error) if error.may_be_of_the_connection() => {
                tracing::warn!(%error, "a read failed; closed the connections that read");
                self.idle.lock().clear();
                Err(error.into())
            }
            result => {
                self.idle.lock().push(conn);
                Ok(result?)
            }
        }
    }

    fn connection(&self) -> StoreResult<Connection> {
        let idle = self.idle.lock().pop();
        match idle {
            Some(conn) => Ok(conn),
            None => {
                open::open_reader(&self.data_dir, &self.options).map_err(|error| SqlError::from(error).into())
            }
        }
    }
}

fn run<T>(conn: Connection, work: impl FnOnce(&Connection) -> SqlResult<T>) -> (Connection, SqlResult<T>) {
    let result = snapshot(&conn, work);
    (conn, result)
}

fn snapshot<T>(conn: &Connection, work: impl FnOnce(&Connection) -> SqlResult<T>) -> SqlResult<T> {
    let transaction = conn.unchecked_transaction()?;
    let result = work(&transaction);
    transaction.finish()?;
    result
}
