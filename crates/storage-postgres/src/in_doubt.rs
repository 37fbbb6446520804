//! Commits whose outcome this node was not told.
//!
//! When a connection breaks between `COMMIT` and its answer, the transaction may be done, undone, or still on its way
//! to the server. What it gave to this session would then be owned by a session that knows nothing of it, and never
//! be attempted. So before anything else is given to a session, doubts are resolved: the backend that may hold the
//! transaction is ended, after which nothing of it can happen any more, and what it may have given to the session is
//! given back: those that exist wait, due at once, for whoever claims them.

use deadpool_postgres::GenericClient;
use parking_lot::Mutex;
use postrider_model::Timestamp;
use postrider_storage::{DeliveryKey, SessionId};

use crate::database::Client;
use crate::deliveries::finish;
use crate::sql_error::SqlResult;
use crate::statement;

/// How long the server may take to end a backend, in milliseconds.
const END_BACKEND_MAX_MS: i64 = 5_000;

/// The server's process behind a connection; it is told apart from a later one of the same number by its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    pid: i32,
    /// In microseconds since 1970.
    started_at: i64,
}

/// Asks who serves this connection. Inside a transaction, before its `COMMIT`.
pub(crate) async fn backend(client: &impl GenericClient) -> SqlResult<Backend> {
    let sql = "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint
               FROM pg_stat_get_activity(pg_backend_pid())";
    let row = statement::query_one(client, sql, &[]).await?;
    Ok(Backend {
        pid: row.try_get(0)?,
        started_at: row.try_get(1)?,
    })
}

/// A commit in doubt.
#[derive(Debug, Clone)]
struct Doubt {
    backend: Backend,
    session: SessionId,
    /// What the session was given.
    given: Vec<DeliveryKey>,
    now: Timestamp,
}

/// The commits in doubt.
pub(crate) struct InDoubt {
    doubts: Mutex<Vec<Doubt>>,
}

impl InDoubt {
    /// None.
    pub(crate) fn new() -> Self {
        Self {
            doubts: Mutex::new(Vec::new()),
        }
    }

    /// Guards a commit: unless [`Guard::answered`] is called, it is in doubt from when the guard is dropped, even if
    /// the future that committed was dropped half way.
    pub(crate) fn guard(
        &self,
        backend: Backend,
        session: SessionId,
        given: Vec<DeliveryKey>,
        now: Timestamp,
    ) -> Guard<'_> {
        Guard {
            in_doubt: self,
            doubt: Some(Doubt {
                backend,
                session,
                given,
                now,
            }),
        }
    }

    /// Resolves every doubt there is. To be called first by whatever gives deliveries to a session, or records results.
    pub(crate) async fn resolve(&self, client: &Client) -> SqlResult<()> {
        loop {
            let Some(doubt) = self.doubts.lock().first().cloned() else {
                return Ok(());
            };
            let Backend { pid, started_at } = doubt.backend;
            let ended = "SELECT pg_terminate_backend(pid, $3) FROM pg_stat_get_activity(NULL)
                         WHERE pid = $1 AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2";
            statement::execute(client, ended, &[&pid, &started_at, &END_BACKEND_MAX_MS]).await?;
            finish::give_back(client, doubt.session, &doubt.given, doubt.now).await?;
            tracing::warn!(
                deliveries = doubt.given.len(),
                "a commit that was not answered was resolved"
            );
            self.doubts.lock().retain(|other| other.backend != doubt.backend);
        }
    }
}

/// See [`InDoubt::guard`].
pub(crate) struct Guard<'a> {
    in_doubt: &'a InDoubt,
    doubt: Option<Doubt>,
}

impl Guard<'_> {
    /// The server said what became of the transaction.
    pub(crate) fn answered(mut self) {
        self.doubt = None;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(doubt) = self.doubt.take() {
            self.in_doubt.doubts.lock().push(doubt);
        }
    }
}
