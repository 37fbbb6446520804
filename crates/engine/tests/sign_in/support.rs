//! An engine that sends nothing, on virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use postrider_egress::{EgressGuard, SystemResolver};
use postrider_engine::transport::{Request, Response, Transport};
use postrider_engine::{Engine, EngineParts, EngineSettings};
use postrider_model::{Account, AccountId, Clock, Entropy, SigningKey, Timestamp};
use postrider_storage::{SaveAccount, Store};
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
    let next = AtomicU8::new(0);
    let engine = Engine::start(EngineParts {
        store: Arc::new(store) as Arc<dyn Store>,
        transport: Arc::new(Nowhere),
        guard: Arc::new(EgressGuard::new(Vec::new())),
        resolver: Arc::new(SystemResolver::new()),
        clock: Arc::new(PausedClock(Instant::now())),
        entropy: Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed))),
        settings: EngineSettings::default(),
    });
    (engine.await.unwrap(), folder)
}

/// A new account.
pub async fn account(engine: &Engine) -> AccountId {
    let now = engine.clock().now();
    let account = Account {
        id: engine.ids().account(now),
        uid: None,
        name: "Acme".to_owned(),
        metadata: "{}".to_owned(),
        retry_delays: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let key = SigningKey {
        id: engine.ids().signing_key(now),
        secret: engine.new_secret(),
        created_at: now,
        expires_at: None,
    };
    match engine.directory().create_account(account, key).await.unwrap() {
        SaveAccount::Saved(account) => account.id,
        other => panic!("{other:?}"),
    }
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

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, _request: &Request) -> Response {
        unreachable!("nothing is to be sent")
    }
}
