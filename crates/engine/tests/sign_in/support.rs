//! An engine that sends nothing, on virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use postrider_configuration::{AccountDraft, Configuration, ConfigurationParts};
use postrider_egress::{EgressGuard, SystemResolver};
use postrider_engine::carry::{Carried, Carrier, Carriers, Job};
use postrider_engine::observe::{Observer, RecordedResults, StoredEvents};
use postrider_engine::{Engine, EngineParts, EngineSettings};
use postrider_model::{AccountId, Clock, Entropy, IdGenerator, SendWebhook, Timestamp};
use postrider_signing::HeaderNames;
use postrider_storage::Store;
use postrider_storage_sqlite::{Execution, SqliteOptions, SqliteStore};
use tempfile::TempDir;
use tokio::time::Instant;

/// A store in a new folder.
pub fn store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        execution: Execution::Inline,
        ..SqliteOptions::default()
    };
    (SqliteStore::open(folder.path(), options).unwrap(), folder)
}

/// An engine on a store of its own.
pub async fn engine() -> (Arc<Engine>, TempDir) {
    let (store, folder) = store();
    let store = Arc::new(store) as Arc<dyn Store>;
    let clock = Arc::new(PausedClock(Instant::now())) as Arc<dyn Clock>;
    let next = AtomicU8::new(0);
    let entropy = Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)));
    let ids = Arc::new(IdGenerator::new(entropy.number()));
    let configuration = Configuration::load(ConfigurationParts {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        entropy: entropy.clone(),
        guard: Arc::new(EgressGuard::new(Vec::new())),
        resolver: Arc::new(SystemResolver::new()),
        header_names: HeaderNames::new("Postrider"),
    });
    let engine = Engine::start(EngineParts {
        store,
        carriers: Carriers {
            webhook: Arc::new(Nowhere),
        },
        observer: Arc::new(Unobserved),
        configuration: Arc::new(configuration.await.unwrap()),
        clock,
        ids,
        entropy,
        settings: EngineSettings::default(),
    });
    (engine.await.unwrap(), folder)
}

/// A new account.
pub async fn account(engine: &Engine) -> AccountId {
    let account = AccountDraft {
        uid: None,
        name: "Acme".to_owned(),
        metadata: None,
        retry_delays_s: None,
    };
    engine.configuration().create_account(account).await.unwrap().id
}

struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(1_767_225_600_000).after(self.0.elapsed())
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

struct Unobserved;

impl Observer for Unobserved {
    fn events_stored(&self, _: StoredEvents<'_>) {}

    fn results_recorded(&self, _: RecordedResults<'_>) {}
}

struct Nowhere;

#[async_trait]
impl Carrier<SendWebhook> for Nowhere {
    async fn carry(&self, _: Job<'_>, _: &SendWebhook) -> Carried {
        unreachable!("nothing is to be sent")
    }
}
