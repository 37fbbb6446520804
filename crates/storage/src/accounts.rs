//! Accounts and signing keys.

use async_trait::async_trait;
use postrider_model::{Account, AccountId, Automation, SigningKey, Timestamp};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// How a caller names an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountRef {
    /// By Postrider's id.
    Id(AccountId),
    /// By the caller's own `uid`.
    Uid(String),
}

/// What became of a new or changed account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveAccount {
    /// It is on disk, as returned (its `version` raised).
    Saved(Account),
    /// Another account has this `uid`; nothing was written.
    UidTaken,
    /// There is no such account; nothing was written.
    Missing,
    /// It was changed since the version that the caller started from; nothing was written.
    Stale,
}

/// All that accepting and attempting need to know of an account, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// The account.
    pub account: Account,
    /// Its keys that have not been expired for longer than the store keeps them, the current first.
    pub keys: Vec<SigningKey>,
    /// All its automations.
    pub automations: Vec<Automation>,
}

/// Accounts and their signing keys.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account with its first signing key. Answers `Saved` or `UidTaken`.
    async fn create_account(&self, account: Account, key: SigningKey) -> StoreResult<SaveAccount>;

    /// The account, if there is one.
    async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>>;

    /// All accounts, newest first.
    async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>>;

    /// Replaces name, uid, metadata, schedule and `updated_at` where the stored version still equals
    /// `account.version`, and raises it by one.
    async fn update_account(&self, account: Account) -> StoreResult<SaveAccount>;

    /// Removes the account, its keys, its automations and the grants for it at once; its events, deliveries
    /// and attempts follow in the steps of [`crate::RetentionStore::prune`]. Its pending deliveries are not
    /// called any more, as their actions are gone. False where there is none.
    async fn delete_account(&self, account: AccountId) -> StoreResult<bool>;

    /// The account's keys, the current first, then by age. `None` where there is no account.
    async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>>;

    /// Makes `key` the current one. The key that was current stays live until `overlap_until`; any other that
    /// was still live ends at `key.created_at`, so that at most two keys are ever live. False where there is
    /// no account.
    async fn rotate_signing_key(
        &self,
        account: AccountId,
        key: SigningKey,
        overlap_until: Timestamp,
    ) -> StoreResult<bool>;

    /// The account with its keys and automations, in one snapshot.
    async fn account_config(&self, account: AccountId) -> StoreResult<Option<AccountConfig>>;
}
