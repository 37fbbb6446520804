//! Accounts and signing keys.

use async_trait::async_trait;
use postrider_model::health::ActionHealth;
use postrider_model::{
    Account, AccountId, ActionId, AuditEntry, Automation, Connection, SigningKey, Timestamp,
};

use crate::deletion::DeleteObject;
use crate::error::StoreResult;
use crate::events::NewEvent;
use crate::page::{Page, PageRequest};

/// A caller's reference to an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountRef {
    /// By Postrider's id.
    Id(AccountId),
    /// By the caller's own `uid`.
    Uid(String),
}

/// The result of saving an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveAccount {
    /// The account is on disk, as returned, with its `version` incremented.
    Saved(Account),
    /// Another account has this `uid`; nothing was written.
    UidTaken,
    /// The account does not exist; nothing was written.
    Missing,
    /// The account was updated since the version that the caller started from; nothing was written.
    Stale,
}

/// An account's configuration, read in one snapshot: all that accepting and attempting need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// The account.
    pub account: Account,
    /// Its signing keys, the current one first, without those that expired so long ago that the store removed
    /// them.
    pub keys: Vec<SigningKey>,
    /// All its automations.
    pub automations: Vec<Automation>,
    /// Deliveries that were created earlier than this may have been canceled on request while a session owned
    /// them ([`crate::DeliveryStore::cancel_step`]); `None` if none ever was.
    pub canceled_before: Option<Timestamp>,
    /// The health of its actions, ordered by action. One that is missing is healthy.
    pub health: Vec<(ActionId, ActionHealth)>,
    /// All its connections.
    pub connections: Vec<Connection>,
}

/// Accounts and their signing keys.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account with its first signing key. Returns `Saved` or `UidTaken`.
    async fn create_account(
        &self,
        account: Account,
        key: SigningKey,
        audit: AuditEntry,
    ) -> StoreResult<SaveAccount>;

    /// The account, if there is one.
    async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>>;

    /// All accounts but the built-in one ([`postrider_model::SYSTEM_ACCOUNT`]), newest first.
    async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>>;

    /// Replaces name, uid, metadata, schedule and `updated_at` if the stored version still equals
    /// `account.version`, and increments the version.
    async fn update_account(&self, account: Account, audit: AuditEntry) -> StoreResult<SaveAccount>;

    /// Removes the account, its keys, its automations, its connections and its grants at once;
    /// [`crate::RetentionStore::prune`] removes its events, deliveries and attempts step by step. Its pending
    /// deliveries get no further attempts, because their actions no longer exist. With a `version`, only if
    /// the stored version equals it.
    async fn delete_account(
        &self,
        account: AccountId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject>;

    /// The account's signing keys, the current one first, then by age. `None` if there is no such account.
    async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>>;

    /// Makes `key` the current signing key. The previous current key stays live until `overlap_until`; other
    /// live keys keep their end, within [`crate::rules::signing_keys::LIVE_KEYS_MAX`]. The same commit stores
    /// the events `announced` about it; all their deliveries wait. False if there is no such account; nothing
    /// was written.
    async fn rotate_signing_key(
        &self,
        account: AccountId,
        key: SigningKey,
        overlap_until: Timestamp,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<bool>;

    /// The account with its keys, automations and connections, in one snapshot.
    async fn account_config(&self, account: AccountId) -> StoreResult<Option<AccountConfig>>;
}
