//! [`Engine`]: its parts, its start, its stop, and what its tasks share.

mod leaving;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use postrider_configuration::{Configuration, PerMinute};
use postrider_model::{Clock, IdGenerator};
use postrider_storage::{ChangeFollower, SessionId, Store, StoreResult};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::accept::{SchemaChecks, StoredBytes, TESTS_PER_MINUTE};
use crate::attempt::AttemptResult;
use crate::bulk::OnePerAccount;
use crate::carry::Carriers;
use crate::jobs::{self, Jobs};
use crate::lanes::Lanes;
use crate::meters::Meters;
use crate::observe::Observer;
use crate::settings::EngineSettings;
use crate::supervision::Supervision;
use crate::templates::Templates;
use crate::window::Window;
use crate::work;
use crate::work::queue::AppendQueue;

/// How long a stop waits, after the last attempt has ended, until the last events and results are on disk.
const LAST_RESULTS_MAX: Duration = Duration::from_secs(10);

/// How long a stop then waits for background jobs, such as the last steps of replays.
const LAST_JOBS_MAX: Duration = Duration::from_secs(10);

/// The parts of an engine.
pub struct EngineParts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The carriers, one for each type of action.
    pub carriers: Carriers,
    /// Accounts, automations, keys and event types.
    pub configuration: Arc<Configuration>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Receives reports of what the engine does.
    pub observer: Arc<dyn Observer>,
    /// Generates ids; a process has one.
    pub ids: Arc<IdGenerator>,
    /// Other components that hold parts of the store in memory and must follow the changes of other nodes.
    pub followers: Vec<Arc<dyn ChangeFollower>>,
    /// The operator's settings.
    pub settings: EngineSettings,
}

/// A node's engine. Shared as `Arc<Engine>`.
pub struct Engine {
    parts: EngineParts,
    meters: Meters,
    lanes: Mutex<Lanes>,
    session: AtomicI64,
    /// Monotonic time, in milliseconds, until which the session is certainly alive.
    lease_ends_ms: AtomicU64,
    /// Monotonic time, in milliseconds, up to which all changes of a shared store are known here.
    followed_ms: AtomicU64,
    /// Monotonic time, in milliseconds, from which this node may take over the deliveries of dead sessions.
    takes_over_ms: AtomicU64,
    appends: Arc<AppendQueue>,
    results: Mutex<Option<mpsc::Sender<AttemptResult>>>,
    refill: Notify,
    /// Wakes the task that starts paused deliveries.
    starts: Notify,
    /// Wakes the task that reserves slots of rate limits.
    limits: Notify,
    /// Whether the refill task has to rescan the store for waiting deliveries at its next wake-up.
    rescan: AtomicBool,
    attempt_left: Notify,
    stopping: AtomicBool,
    halt: watch::Sender<bool>,
    tasks: Mutex<Tasks>,
    jobs: Jobs,
    /// Wakes the task that judges due times.
    judge: Notify,
    tests: PerMinute,
    schema_checks: SchemaChecks,
    templates: Templates,
    /// What accounts have stored; `None` if the settings do not limit that.
    stored_bytes: Option<StoredBytes>,
    replays: Arc<OnePerAccount>,
    cancels: Arc<OnePerAccount>,
    supervision: Supervision,
}

#[derive(Default)]
struct Tasks {
    advance: Option<JoinHandle<()>>,
    /// Tasks that a stop aborts.
    background: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Opens a session, takes over the deliveries of dead sessions, and starts the tasks.
    pub async fn start(parts: EngineParts) -> StoreResult<Arc<Self>> {
        let settings = &parts.settings;
        let asked_at = parts.clock.monotonic();
        let lease = work::session::lease_of(&*parts.store, settings);
        let session = parts.store.open_session(lease, parts.clock.now()).await?;
        let window = Window::new(settings.window_deliveries, settings.window_bytes);
        // The horizon spans two rescans, so that no due time is missed between them.
        let mut lanes = Lanes::new(window, settings.in_flight_max, settings.rescan * 2);
        if parts.store.is_shared() {
            lanes.share_limits();
        }
        let (results, attempt_results) = mpsc::channel(work::record::QUEUE_MAX);
        let engine = Arc::new(Self {
            meters: Meters::new(),
            lanes: Mutex::new(lanes),
            session: AtomicI64::new(session.0),
            lease_ends_ms: AtomicU64::new(0),
            followed_ms: AtomicU64::new(leaving::ms(asked_at)),
            takes_over_ms: AtomicU64::new(0),
            appends: Arc::default(),
            results: Mutex::new(Some(results)),
            refill: Notify::new(),
            starts: Notify::new(),
            limits: Notify::new(),
            judge: Notify::new(),
            rescan: AtomicBool::new(false),
            attempt_left: Notify::new(),
            stopping: AtomicBool::new(false),
            halt: watch::channel(false).0,
            tasks: Mutex::new(Tasks::default()),
            jobs: Jobs::new(),
            tests: PerMinute::new(TESTS_PER_MINUTE),
            schema_checks: SchemaChecks::default(),
            templates: Templates::new(),
            stored_bytes: settings.stored_bytes_per_account_max.map(StoredBytes::new),
            replays: Arc::default(),
            cancels: Arc::default(),
            supervision: Supervision::new(),
            parts,
        });
        engine.renewed(asked_at);
        engine.followed(asked_at);
        let taken_over = work::session::reclaim(&engine).await?;
        if taken_over > 0 {
            engine.meters().took_over(taken_over);
            tracing::info!(
                count = taken_over,
                "took over the unfinished deliveries of an earlier run"
            );
        }
        engine.spawn_tasks(attempt_results);
        engine.judge_soon();
        Ok(engine)
    }

    fn spawn_tasks(self: &Arc<Self>, attempt_results: mpsc::Receiver<AttemptResult>) {
        let mut tasks = self.tasks.lock();
        let inbox = work::advance::Inbox::new(Arc::clone(&self.appends), attempt_results);
        let watch = &self.supervision;
        let advance = work::advance::run(Arc::clone(self), inbox);
        tasks.advance = Some(tokio::spawn(watch.watch("advance", advance)));
        tasks.background = vec![
            tokio::spawn(watch.watch("refill", work::refill::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("starts", work::starts::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("prune", work::prune::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("prune_audit", work::prune_audit::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("prune_templates", work::prune_templates::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("limits", work::limits::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("backlog_alarm", work::backlog_alarm::run(Arc::clone(self)))),
            tokio::spawn(watch.watch("due_times", work::due_times::run(Arc::clone(self)))),
        ];
        if self.store().is_shared() {
            let session = watch.watch("session", work::session::run(Arc::clone(self)));
            tasks.background.push(tokio::spawn(session));
            let follow = watch.watch("follow", work::follow::run(Arc::clone(self)));
            tasks.background.push(tokio::spawn(follow));
        }
    }

    /// Waits until a task of the engine has panicked, and returns its name. The process cannot go on then,
    /// and must end without [`Self::stop`].
    pub async fn failed(&self) -> &'static str {
        self.supervision.failed().await
    }

    /// Stops the engine.
    ///
    /// Accepts no more events and starts no more attempts, waits up to `grace` for the attempts under way,
    /// records their results and handles the consequences, ends replays, and returns all other deliveries to
    /// the store.
    pub async fn stop(&self, grace: Duration) {
        self.stopping.store(true, Ordering::Relaxed);
        self.lanes.lock().close();
        self.appends.close();
        let Tasks { advance, background } = std::mem::take(&mut *self.tasks.lock());
        // An error means that the grace period is over. Closing the session below returns the deliveries that
        // are still under way.
        let _ = tokio::time::timeout(grace, self.no_attempts()).await;
        self.halt.send_replace(true);
        drop(self.results.lock().take());
        jobs::join(advance, LAST_RESULTS_MAX).await;
        self.jobs.end(LAST_JOBS_MAX).await;
        background.iter().for_each(JoinHandle::abort);
        if let Err(error) = self
            .parts
            .store
            .close_session(self.session(), self.parts.clock.now())
            .await
        {
            tracing::error!(%error, "could not close the session; the next start takes over its deliveries");
        }
    }

    async fn no_attempts(&self) {
        loop {
            let left = self.attempt_left.notified();
            if self.lanes.lock().in_flight() == 0 {
                return;
            }
            left.await;
        }
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Checks that the store responds and can write, and that this node may send.
    pub async fn check_store(&self) -> StoreResult<()> {
        self.check_news()?;
        self.parts.store.check().await
    }

    /// The store. Other crates read it through the configuration and the figures.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// The id generator.
    pub fn ids(&self) -> &IdGenerator {
        &self.parts.ids
    }

    /// The operator's settings.
    pub fn settings(&self) -> &EngineSettings {
        &self.parts.settings
    }

    /// Accounts, automations, keys and event types.
    pub fn configuration(&self) -> &Configuration {
        &self.parts.configuration
    }

    pub(crate) fn followers(&self) -> &[Arc<dyn ChangeFollower>] {
        &self.parts.followers
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.parts.observer
    }

    /// Starts a background job; see [`Jobs::start`].
    pub(crate) fn start_job(&self, job: impl Future<Output = ()> + Send + 'static) -> bool {
        self.jobs.start(self.supervision.watch("job", job))
    }

    pub(crate) fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    pub(crate) fn tests(&self) -> &PerMinute {
        &self.tests
    }

    /// Compiled templates of older deliveries.
    pub(crate) fn templates(&self) -> &Templates {
        &self.templates
    }

    pub(crate) fn schema_checks(&self) -> &SchemaChecks {
        &self.schema_checks
    }

    pub(crate) fn stored_bytes(&self) -> Option<&StoredBytes> {
        self.stored_bytes.as_ref()
    }

    /// The accounts with a running replay.
    pub(crate) fn replays(&self) -> &Arc<OnePerAccount> {
        &self.replays
    }

    /// The accounts whose deliveries are being canceled on request.
    pub(crate) fn cancels(&self) -> &Arc<OnePerAccount> {
        &self.cancels
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    pub(crate) fn carriers(&self) -> &Carriers {
        &self.parts.carriers
    }

    pub(crate) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock()
    }

    /// The events that wait to be stored.
    pub(crate) fn appends(&self) -> &AppendQueue {
        &self.appends
    }

    pub(crate) fn results(&self) -> Option<mpsc::Sender<AttemptResult>> {
        self.results.lock().clone()
    }

    /// This node's current session. A new session replaces it once its lease has expired.
    pub fn session(&self) -> SessionId {
        SessionId(self.session.load(Ordering::Acquire))
    }

    pub(crate) fn halted(&self) -> watch::Receiver<bool> {
        self.halt.subscribe()
    }

    pub(crate) fn attempt_left(&self) {
        if self.is_stopping() {
            self.attempt_left.notify_waiters();
        }
    }

    /// Has the due times of all waiting deliveries judged again.
    pub(crate) fn judge_soon(&self) {
        self.judge.notify_one();
    }

    pub(crate) async fn judge_woken(&self) {
        self.judge.notified().await;
    }

    pub(crate) fn wake_refill(&self) {
        self.refill.notify_one();
    }

    pub(crate) async fn refill_woken(&self) {
        self.refill.notified().await;
    }

    /// Wakes the refill task to rescan the store for waiting deliveries at once.
    pub(crate) fn rescan_soon(&self) {
        self.rescan.store(true, Ordering::Release);
        self.refill.notify_one();
    }

    pub(crate) fn take_rescan(&self) -> bool {
        self.rescan.swap(false, Ordering::AcqRel)
    }
}
