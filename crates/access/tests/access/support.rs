//! Access over a store of its own, on virtual time.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use postrider_access::{Access, AccessParts, ApiKeyDraft, ShownKey};
use postrider_model::{
    Account, AccountId, ApiKey, AuditAction, AuditEntry, By, Clock, Entropy, IdGenerator, Permission,
    SigningKey, Target, Timestamp,
};
use postrider_storage::{SaveAccount, Store};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;
use tokio::time::Instant;

/// A node's access, and the store that it shares with others.
pub struct Node {
    pub access: Arc<Access>,
    pub store: Arc<dyn Store>,
    pub entropy: Entropy,
    ids: Arc<IdGenerator>,
    pub clock: Arc<dyn Clock>,
    _folder: TempDir,
}

impl Node {
    /// A node whose API is not open yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open_inline(folder.path(), SqliteOptions::default()).unwrap());
        let next = AtomicU8::new(0);
        let entropy = Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)));
        let ids = Arc::new(IdGenerator::new(entropy.number()));
        let clock: Arc<dyn Clock> = Arc::new(PausedClock(Instant::now()));
        Self {
            access: Arc::new(Access::new(AccessParts {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
                entropy: entropy.clone(),
            })),
            store,
            entropy,
            ids,
            clock,
            _folder: folder,
        }
    }

    /// Creates a key of this name that may do everything.
    pub async fn key(&self, name: &str) -> (ApiKey, ShownKey) {
        self.access.create_api_key(&By::NODE, draft(name)).await.unwrap()
    }

    /// The node's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Creates an account.
    pub async fn account(&self) -> AccountId {
        let now = self.clock.now();
        let account = Account {
            id: self.ids.account(now),
            uid: None,
            name: "Acme".to_owned(),
            metadata: "{}".to_owned(),
            retry_delays: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let key = SigningKey {
            id: self.ids.signing_key(now),
            secret: self.entropy.signing_secret().into(),
            created_at: now,
            expires_at: None,
        };
        match self.store.create_account(account, key, audit()).await.unwrap() {
            SaveAccount::Saved(account) => account.id,
            other => panic!("{other:?}"),
        }
    }
}

/// An entry of the audit trail with an id of its own.
pub fn audit() -> AuditEntry {
    static IDS: LazyLock<IdGenerator> = LazyLock::new(|| IdGenerator::new(1));
    let id = IDS.audit(Timestamp::EPOCH);
    By::NODE.did(id, AuditAction::AccountUpdated, None, Target::default())
}

/// A key of this name that may do everything, for ever.
pub fn draft(name: &str) -> ApiKeyDraft {
    ApiKeyDraft {
        name: name.to_owned(),
        permissions: Permission::ALL.to_vec(),
        account: None,
        expires_at: None,
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
