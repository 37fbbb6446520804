//! Commits whose outcome this node does not know.
//!
//! When a connection breaks between `COMMIT` and its reply, the transaction may be committed, rolled back, or
//! still on its way to the server. It may have made this session the owner of deliveries that the session
//! knows nothing about, and which would never be attempted. Doubts are therefore resolved before a session
//! gets anything else: the node ends the backend that may hold the transaction, so that it can no longer
//! commit. Then the node gives back the deliveries that the session may have received: those that exist wait,
//! due at once, for any session to claim them.
//!
//! Giving back is itself a commit that can be in doubt, and is guarded as one: if it took effect a second
//! time later, it would take away what the session has claimed meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use deadpool_postgres::{GenericClient, StatementCache, Transaction};
use parking_lot::Mutex;
use postrider_model::Timestamp;
use postrider_storage::{DeliveryKey, SessionId};

use crate::database::Client;
use crate::deliveries::give_back::give_back;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;

/// How long the server may take to end a backend, in milliseconds.
const END_BACKEND_MAX_MS: i64 = 5_000;

/// The server's process behind a connection. Its start time distinguishes it from a later process with the
/// same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    pid: i32,
    /// In microseconds since 1970.
    started_at: i64,
}

/// Asks the server which process serves this connection.
async fn ask_backend(client: &impl GenericClient) -> SqlResult<Backend> {
    let sql = "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint
               FROM pg_stat_get_activity(pg_backend_pid())";
    let row = statement::query_one(client, sql, &[]).await?;
    Ok(Backend {
        pid: row.try_get(0)?,
        started_at: row.try_get(1)?,
    })
}

/// The deliveries that a transaction gives to a session.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// The session that becomes the owner.
    pub(crate) session: SessionId,
    /// The deliveries; none if the transaction only records results.
    pub(crate) deliveries: Vec<DeliveryKey>,
    /// When they are due if they are given back.
    pub(crate) now: Timestamp,
}

/// A commit in doubt.
#[derive(Debug, Clone)]
struct Doubt {
    number: u64,
    backend: Backend,
    given: Given,
}

/// The commits in doubt: at most as many as verbs run in parallel, because each verb resolves them before it
/// adds another.
pub(crate) struct InDoubt {
    doubts: Mutex<Vec<Doubt>>,
    numbers: AtomicU64,
    /// The backend of each connection, which is identified by its statement cache. Asking the server for it
    /// in every step would cost 0.1 ms each time.
    backends: Mutex<Vec<(Weak<StatementCache>, Backend)>>,
    /// Held while doubts are resolved, so that nothing is given back twice.
    resolving: tokio::sync::Mutex<()>,
}

impl InDoubt {
    /// No doubts.
    pub(crate) fn new() -> Self {
        Self {
            doubts: Mutex::new(Vec::new()),
            numbers: AtomicU64::new(0),
            backends: Mutex::new(Vec::new()),
            resolving: tokio::sync::Mutex::new(()),
        }
    }

    /// The backend of this connection; it stays the same until the connection ends.
    pub(crate) async fn backend(&self, client: &Client) -> SqlResult<Backend> {
        let connection = Arc::downgrade(&client.statement_cache);
        let is_it = |(other, _): &&(Weak<StatementCache>, Backend)| other.ptr_eq(&connection);
        let known = self
            .backends
            .lock()
            .iter()
            .find(is_it)
            .map(|(_, backend)| backend.clone());
        if let Some(backend) = known {
            return Ok(backend);
        }
        let backend = ask_backend(client).await?;
        let mut backends = self.backends.lock();
        backends.retain(|(other, _)| other.strong_count() > 0);
        backends.push((connection, backend.clone()));
        Ok(backend)
    }

    /// Commits. Without a reply the commit is in doubt, even if this future is dropped half way.
    pub(crate) async fn commit(
        &self,
        transaction: Transaction<'_>,
        backend: Backend,
        given: Given,
    ) -> SqlResult<()> {
        let commit = async { Ok(transaction.commit().await?) };
        self.guarded(backend, given, commit).await
    }

    /// Runs work that commits, such as a statement that is its own transaction. Without a reply the commit is
    /// in doubt, even if this future is dropped half way.
    pub(crate) async fn guarded<T>(
        &self,
        backend: Backend,
        given: Given,
        work: impl Future<Output = SqlResult<T>>,
    ) -> SqlResult<T> {
        let guard = self.guard(backend, given.clone());
        let outcome = work.await;
        guard.settle(&outcome);
        if outcome.is_ok() {
            self.is_certain(&given);
        }
        outcome
    }

    /// Guards a commit: unless a reply arrives ([`Guard::settle`]), it is in doubt as soon as the guard is
    /// dropped.
    fn guard(&self, backend: Backend, given: Given) -> Guard<'_> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Guard {
            in_doubt: self,
            doubt: Some(Doubt {
                number,
                backend,
                given,
            }),
        }
    }

    /// Resolves all doubts. Every verb that gives deliveries to a session, or records results, must call this
    /// first.
    pub(crate) async fn resolve(&self, client: &Client) -> SqlResult<()> {
        if self.doubts.lock().is_empty() {
            return Ok(());
        }
        let _turn = self.resolving.lock().await;
        // One copy of the list: every backend is ended before anything is given back.
        let doubts = self.doubts.lock().clone();
        end_backends(client, &doubts).await?;
        let own = self.backend(client).await?;
        for doubt in doubts {
            if !doubt.given.deliveries.is_empty() {
                self.give_back(client, own.clone(), doubt.number).await?;
            }
            self.doubts.lock().retain(|other| other.number != doubt.number);
            tracing::warn!(
                deliveries = doubt.given.deliveries.len(),
                "a commit that was not answered was resolved"
            );
        }
        Ok(())
    }

    /// Gives back the deliveries of a doubt, as far as they are still in doubt.
    async fn give_back(&self, client: &Client, own: Backend, number: u64) -> SqlResult<()> {
        let given = {
            let doubts = self.doubts.lock();
            let doubt = doubts.iter().find(|doubt| doubt.number == number);
            doubt.map(|doubt| doubt.given.clone())
        };
        let Some(given) = given else {
            return Ok(());
        };
        let guard = self.guard(own, given.clone());
        let done = give_back(client, given.session, &given.deliveries, given.now).await;
        guard.settle(&done);
        done
    }

    /// Removes deliveries that a session has certainly received from its doubts: the earlier commit in doubt
    /// cannot have given them to it.
    fn is_certain(&self, given: &Given) {
        let mut doubts = self.doubts.lock();
        for doubt in doubts
            .iter_mut()
            .filter(|doubt| doubt.given.session == given.session)
        {
            doubt
                .given
                .deliveries
                .retain(|key| !given.deliveries.contains(key));
        }
    }
}

/// Ends the backends of these doubts. The one that serves `client` need not end: it has finished all earlier
/// work.
async fn end_backends(client: &Client, doubts: &[Doubt]) -> SqlResult<()> {
    let of_doubts = "FROM unnest($1::integer[], $2::bigint[]) AS n (pid, started_at)
         JOIN pg_stat_get_activity(NULL) AS a
             ON a.pid = n.pid AND (extract(epoch FROM a.backend_start) * 1000000)::bigint = n.started_at
         WHERE a.pid <> pg_backend_pid()";
    let pids: Vec<i32> = doubts.iter().map(|doubt| doubt.backend.pid).collect();
    let beginnings: Vec<i64> = doubts.iter().map(|doubt| doubt.backend.started_at).collect();
    let end = format!("SELECT pg_terminate_backend(a.pid, $3) {of_doubts}");
    statement::query(client, &end, &[&pids, &beginnings, &END_BACKEND_MAX_MS]).await?;
    // The result is no proof: false means "not yet", but also "already gone".
    let left = format!("SELECT 1 {of_doubts}");
    let left = statement::query(client, &left, &[&pids, &beginnings]).await?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(SqlError::TimedOut)
    }
}

/// The guard of a commit; see [`InDoubt::guard`].
struct Guard<'a> {
    in_doubt: &'a InDoubt,
    doubt: Option<Doubt>,
}

impl Guard<'_> {
    /// Ends the guard with the commit's outcome, which may leave the commit in doubt.
    fn settle<T>(mut self, outcome: &SqlResult<T>) {
        let answered = match outcome {
            Ok(_) => true,
            Err(error) => error.is_an_answer(),
        };
        if answered {
            self.doubt = None;
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(doubt) = self.doubt.take() {
            self.in_doubt.doubts.lock().push(doubt);
        }
    }
}
