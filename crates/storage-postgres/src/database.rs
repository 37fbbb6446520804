//! The database as this node sees it: reachable, or away.
//!
//! Verbs run through [`Database::run`], which bounds their time, repeats them if they lost against another
//! transaction, and notices when the database goes away. From then on, every verb fails at once instead of
//! waiting, and one task probes the database at growing, jittered intervals until it is back, so that a
//! cluster of nodes does not overload a server that is just starting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod,
    Runtime, Timeouts,
};
use parking_lot::Mutex;
use postrider_storage::meters::StoreErrors;
use postrider_storage::{StoreConnections, StoreError, StoreResult};
use tokio::time::{Instant, sleep, timeout_at};

use crate::connect::{self, OptionsError};
use crate::options::PostgresOptions;
use crate::sql_error::{SqlError, SqlResult};

/// How often to repeat work that lost against another transaction.
const RETRIES_MAX: u32 = 8;

/// The longest pause before a retry, multiplied by the number of losses so far.
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// How long a verb waits for one of the node's connections. A longer wait means overload.
const POOL_WAIT_MAX: Duration = Duration::from_secs(2);

/// The pause between two probes of a database that is away: shortest and longest.
const PROBE_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How long a connection is used. Closing it frees the statements prepared for tables of past days.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// A connection of the pool.
pub(crate) type Client = Object;

/// The database.
pub(crate) struct Database {
    pool: Pool,
    /// For people: host and port.
    server: Arc<str>,
    verb_max: Duration,
    away: Arc<Away>,
    errors: StoreErrors,
}

/// Whether the database is away.
#[derive(Default)]
struct Away {
    is_away: AtomicBool,
    /// Whether it ever responded to this store. Until then nothing is logged here: opening the store fails,
    /// and its caller logs the reason.
    was_there: AtomicBool,
    /// Why it went away last, for people.
    why: Mutex<String>,
}

impl Database {
    /// Creates a pool that has not connected yet.
    pub(crate) fn new(options: &PostgresOptions) -> Result<Self, OptionsError> {
        let connect::Target { config, tls, server } = connect::target(options)?;
        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let settings: Arc<str> = connect::session_settings(&config, options.verb_max).into();
        let manager = Manager::from_config(config, tls, manager_config);
        let pool = Pool::builder(manager)
            .max_size(options.connections_max.max(2))
            // The connection used last has planned statements and warm caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(POOL_WAIT_MAX),
                create: Some(options.verb_max),
                recycle: Some(options.verb_max),
            })
            .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
            }))
            .pre_recycle(Hook::sync_fn(|_, metrics| {
                if metrics.age() < CONNECTION_AGE_MAX {
                    Ok(())
                } else {
                    Err(HookError::message("the connection is old"))
                }
            }))
            .build()
            .expect("a runtime is given, which is all that the timeouts need");
        Ok(Self {
            pool,
            server,
            verb_max: options.verb_max,
            away: Arc::default(),
            errors: StoreErrors::new(),
        })
    }

    /// A connection, for work inside [`Self::run`].
    pub(crate) async fn client(&self) -> SqlResult<Client> {
        Ok(self.pool.get().await?)
    }

    /// The server, for people: host and port.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Whether the database is away, as far as this node knows.
    pub(crate) fn is_away(&self) -> bool {
        self.away.is_away.load(Ordering::Acquire)
    }

    /// The error of verbs while the database is away.
    pub(crate) fn away(&self) -> StoreError {
        StoreError::Unavailable(format!("the database is away: {}", self.away.why.lock()))
    }

    /// The connections of the pool.
    pub(crate) fn connections(&self) -> StoreConnections {
        let status = self.pool.status();
        StoreConnections {
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            max: status.max_size,
            waiting: status.waiting,
            is_up: !self.is_away(),
        }
    }

    /// Runs a verb's work within the time that a verb may take, and repeats it if it lost against another
    /// transaction. The work must be atomic: a transaction, or one statement.
    pub(crate) async fn run<T, Work>(&self, work: impl FnMut() -> Work) -> StoreResult<T>
    where
        Work: Future<Output = SqlResult<T>>,
    {
        let outcome = self.try_run(work).await;
        outcome.inspect_err(|error| self.errors.count(error))
    }

    async fn try_run<T, Work>(&self, mut work: impl FnMut() -> Work) -> StoreResult<T>
    where
        Work: Future<Output = SqlResult<T>>,
    {
        if self.is_away() {
            return Err(self.away());
        }
        let deadline = Instant::now() + self.verb_max;
        let mut lost = 0;
        loop {
            let outcome = timeout_at(deadline, work()).await;
            let error = match outcome {
                Ok(Ok(value)) => {
                    self.away.was_there.store(true, Ordering::Relaxed);
                    return Ok(value);
                }
                Ok(Err(error)) => error,
                Err(_) => SqlError::TimedOut,
            };
            if error.may_be_tried_again() && lost < RETRIES_MAX {
                lost += 1;
                sleep(RETRY_PAUSE.mul_f64(fastrand::f64() * f64::from(lost))).await;
                continue;
            }
            let lost_it = error.is_of_the_connection() || matches!(error, SqlError::TimedOut);
            let error = error.explained(&self.server);
            if lost_it {
                self.went_away(&error);
            }
            return Err(error);
        }
    }

    /// Notes that the database is away, and starts probing for it.
    fn went_away(&self, error: &StoreError) {
        // All connections led to the lost server, and a connection that was interrupted must not be reused.
        self.pool.retain(|_, _| false);
        let why = match error {
            StoreError::Unavailable(why) | StoreError::Internal(why) => why.clone(),
            error => error.to_string(),
        };
        // Verbs that find the database away read the reason.
        self.away.why.lock().clone_from(&why);
        if self.away.is_away.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.away.was_there.load(Ordering::Relaxed) {
            tracing::error!(server = &*self.server, why, "the database is away");
        }
        tokio::spawn(probe(self.pool.clone(), Arc::clone(&self.away), self.verb_max));
    }
}

/// Probes the database until it is back.
async fn probe(pool: Pool, away: Arc<Away>, verb_max: Duration) {
    let (mut pause, longest) = PROBE_PAUSES;
    let since = Instant::now();
    loop {
        sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
        pause = (pause * 2).min(longest);
        if pool.is_closed() {
            return;
        }
        let answer = timeout_at(Instant::now() + verb_max, is_writable(&pool)).await;
        match answer {
            Ok(Ok(true)) => break,
            Ok(Ok(false)) => tracing::debug!("the database takes no writes yet"),
            Ok(Err(error)) => tracing::debug!(%error, "the database is still away"),
            Err(_) => tracing::debug!("the database does not answer yet"),
        }
        pool.retain(|_, _| false);
    }
    away.is_away.store(false, Ordering::Release);
    tracing::info!(away_ms = since.elapsed().as_millis(), "the database is back");
}

async fn is_writable(pool: &Pool) -> SqlResult<bool> {
    let client = pool.get().await?;
    let row = client
        .query_one(
            "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'",
            &[],
        )
        .await?;
    Ok(row.try_get(0)?)
}

impl Drop for Database {
    fn drop(&mut self) {
        self.pool.close();
    }
}
