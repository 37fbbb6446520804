//! The master key of an installation: its rotation, and sealing the secrets again under a new one.
//!
//! A new key is durable where the keys are kept before it seals anything, because what it seals is lost with
//! it. Secrets are then sealed again in steps, each one transaction, with a pause for other work in between.
//! A node that is killed goes on at its next start: what another key than the first sealed is always sealed
//! again. Several nodes may do so at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{AuditAction, By, Clock, Entropy, IdGenerator, Target};
use postrider_storage::sealing::{KeyId, MASTER_KEYS_MAX, MasterKey};
use postrider_storage::{RESEALED_MAX, Resealed, Sealer, Store, StoreError, StoreResult};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The pause between two steps, so that deliveries are stored in between: at most 10,000 secrets a second.
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// How often the node looks for secrets under another key. Only a node with another first key leaves some
/// behind.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// The pause after an error of the store.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// How many secrets to seal again between two lines of the log.
const LOG_EVERY: u64 = 20_000;

/// Where the master keys are kept.
pub trait KeyHolder: Send + Sync + 'static {
    /// The place, for people: a path, or the name of a setting.
    fn place(&self) -> String;

    /// Whether keys can be added there.
    fn can_add(&self) -> bool;

    /// Puts a key before the others. When it returns, the key is on disk. May block.
    ///
    /// # Errors
    /// Why it could not, in words.
    fn put_first(&self, key: &MasterKey) -> Result<(), String>;
}

/// The parts of [`Sealing`].
pub struct SealingParts {
    /// The store, which seals with `sealer`.
    pub store: Arc<dyn Store>,
    /// The keys.
    pub sealer: Sealer,
    /// Where the keys are kept.
    pub holder: Arc<dyn KeyHolder>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for new keys.
    pub entropy: Entropy,
    /// Generates the ids of entries of the audit trail; a process has one.
    pub ids: Arc<IdGenerator>,
}

/// The master key, and the task that seals secrets again. Shared as `Arc<Sealing>`.
pub struct Sealing {
    parts: SealingParts,
    wake: Notify,
    /// How many secrets did not open when all were last sealed again.
    unopened: AtomicU64,
    /// Held during a rotation.
    rotating: tokio::sync::Mutex<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The state of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyStatus {
    /// The key that seals.
    pub key: KeyId,
    /// Further keys, which only open.
    pub older_keys: Vec<KeyId>,
    /// Where the keys are kept, for people.
    pub place: String,
    /// How many secrets are sealed.
    pub sealed: u64,
    /// How many of them an older key sealed.
    pub remaining: u64,
    /// How many of these did not open when all were last sealed again, and stay as they are.
    pub unopened: u64,
}

/// Why the master key was not rotated. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateKeyError {
    /// The keys are not in a file of this server.
    #[error(
        "the master key comes from {place}, where the server cannot add one. Give it a new key before the old ones, \
         and restart the server: it then seals everything again. `postrider keys master new` prints a key"
    )]
    NotHere {
        /// Where they are.
        place: String,
    },
    /// Other nodes work on the database, and would not have the new key.
    #[error(
        "other nodes work on the database, and a new key in {place} would be missing there. Add a new key as the last \
         line of the key file of every node, and restart them one by one; then move it to the first line everywhere, \
         and restart them again. `postrider keys master new` prints a key"
    )]
    OtherNodes {
        /// Where this node's keys are.
        place: String,
    },
    /// There are as many keys as there can be.
    #[error(
        "{place} holds {MASTER_KEYS_MAX} keys, the most there can be: remove those that seal nothing any more, and \
         restart the server"
    )]
    TooManyKeys {
        /// Where they are.
        place: String,
    },
    /// The new key could not be written.
    #[error("{0}")]
    NotWritten(String),
    /// The store's error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sealing {
    /// Starts the task that seals secrets again.
    pub fn start(parts: SealingParts) -> Arc<Self> {
        let sealing = Arc::new(Self {
            parts,
            wake: Notify::new(),
            unopened: AtomicU64::new(0),
            rotating: tokio::sync::Mutex::default(),
            task: Mutex::default(),
        });
        *sealing.task.lock() = Some(tokio::spawn(run(Arc::clone(&sealing))));
        sealing
    }

    /// Stops the task. The step under way is undone or on disk, as the store decides.
    pub async fn stop(&self) {
        let task = self.task.lock().take();
        if let Some(task) = task {
            task.abort();
            // An error means that it was aborted.
            let _ = task.await;
        }
    }

    /// The state of the master key.
    ///
    /// # Errors
    /// The store's error.
    pub async fn status(&self) -> StoreResult<MasterKeyStatus> {
        let counted = self.parts.store.sealed_values().await?;
        let mut keys = self.parts.sealer.key_ids();
        let key = keys.remove(0);
        Ok(MasterKeyStatus {
            key,
            older_keys: keys,
            place: self.parts.holder.place(),
            sealed: counted.sealed,
            remaining: counted.remaining,
            unopened: self.unopened.load(Ordering::Relaxed).min(counted.remaining),
        })
    }

    /// Creates a master key, and begins to seal all secrets under it. Returns the status once the key is on
    /// disk.
    ///
    /// # Errors
    /// See [`RotateKeyError`].
    pub async fn rotate(self: &Arc<Self>, by: &By) -> Result<MasterKeyStatus, RotateKeyError> {
        // A task of its own: a caller who goes away must not leave a key in the file that the server does
        // not know, nor let another rotation begin meanwhile.
        let (sealing, by) = (Arc::clone(self), by.clone());
        match tokio::spawn(async move { sealing.rotate_alone(&by).await }).await {
            Ok(rotated) => rotated,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(RotateKeyError::NotWritten(error.to_string())),
            },
        }
    }

    async fn rotate_alone(&self, by: &By) -> Result<MasterKeyStatus, RotateKeyError> {
        let _guard = self.rotating.lock().await;
        let place = self.parts.holder.place();
        if !self.parts.holder.can_add() {
            return Err(RotateKeyError::NotHere { place });
        }
        let nodes = self.parts.store.sessions(self.parts.clock.now()).await?;
        if self.parts.store.is_shared() && nodes.len() > 1 {
            return Err(RotateKeyError::OtherNodes { place });
        }
        if self.parts.sealer.key_ids().len() >= MASTER_KEYS_MAX {
            return Err(RotateKeyError::TooManyKeys { place });
        }
        let key = MasterKey::generate(&self.parts.entropy);
        // Before the key is written, because a file takes part in no transaction of the store.
        let id = self.parts.ids.audit(self.parts.clock.now());
        let target = Target::of(key.id());
        let entry = by.did(id, AuditAction::MasterKeyRotated, None, target);
        self.parts.store.note_audit(vec![entry]).await?;
        let (holder, new) = (Arc::clone(&self.parts.holder), key.clone());
        let written = tokio::task::spawn_blocking(move || holder.put_first(&new)).await;
        let written = written.unwrap_or_else(|error| Err(error.to_string()));
        written.map_err(RotateKeyError::NotWritten)?;
        tracing::info!(key = %key.id(), %place, "the master key was rotated");
        self.parts.sealer.put_first(key);
        self.wake.notify_one();
        Ok(self.status().await?)
    }
}

/// Runs until it is aborted.
async fn run(sealing: Arc<Sealing>) {
    metrics::describe_counter!(
        "postrider_secrets_resealed_total",
        "Secrets sealed again under the first master key"
    );
    metrics::describe_gauge!(
        "postrider_secrets_to_reseal",
        "Secrets that an older master key sealed, when last counted"
    );
    loop {
        let pause = match seal_all_again(&sealing.parts).await {
            Ok(unopened) => {
                sealing.unopened.store(unopened, Ordering::Relaxed);
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "could not seal secrets again; retrying");
                RETRY_PAUSE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = sealing.wake.notified() => {}
        }
    }
}

/// Seals what older keys sealed. Returns how many secrets do not open: they stay, and the log names them.
async fn seal_all_again(SealingParts { store, sealer, .. }: &SealingParts) -> StoreResult<u64> {
    let gauge = metrics::gauge!("postrider_secrets_to_reseal");
    let resealed = metrics::counter!("postrider_secrets_resealed_total");
    let counted = store.sealed_values().await?;
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, exact up to 2^53")]
    let set = |remaining: u64| gauge.set(remaining as f64);
    set(counted.remaining);
    if counted.remaining == 0 {
        return Ok(0);
    }
    let key = sealer.first_key_id();
    tracing::info!(%key, remaining = counted.remaining, "sealing secrets again under the first master key");
    // Another node whose first key is another one undoes this work. The bound ends it nevertheless.
    let most = counted.remaining + u64::from(RESEALED_MAX);
    let mut all = Resealed::default();
    while all.resealed + all.unopened <= most {
        let step = store.reseal(all.unopened).await?;
        if step == Resealed::default() {
            break;
        }
        resealed.increment(step.resealed);
        if all.resealed / LOG_EVERY != (all.resealed + step.resealed) / LOG_EVERY {
            let remaining = counted.remaining.saturating_sub(all.resealed);
            tracing::info!(%key, remaining, "sealing secrets again");
        }
        all.resealed += step.resealed;
        all.unopened += step.unopened;
        set(counted.remaining.saturating_sub(all.resealed));
        sleep(STEP_PAUSE).await;
    }
    if all.unopened > 0 {
        tracing::error!(
            unopened = all.unopened,
            "some secrets do not open, and stay as they are"
        );
    }
    // Other nodes, edits and deletions took part.
    set(store.sealed_values().await?.remaining);
    tracing::info!(%key, resealed = all.resealed, "sealed the secrets again");
    Ok(all.unopened)
}
