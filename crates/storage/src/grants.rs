//! What lets people into the console: links and sessions, kept by the hash of their token.

use async_trait::async_trait;
use postrider_model::{Grant, Timestamp};

use crate::error::StoreResult;

/// How many expired grants adding one removes at most. More than one, so that they cannot pile up; few enough
/// that nobody who signs in waits for it.
pub const EXPIRED_GRANTS_REMOVED_MAX: usize = 100;

/// Who may be in the console. A grant goes with its account and with the API key that began it.
#[async_trait]
pub trait ConsoleStore: Send + Sync {
    /// Adds a grant, whose hash is new. False where its account or its API key is gone: nothing was written.
    ///
    /// It also removes some that had expired by `grant.created_at`, at most [`EXPIRED_GRANTS_REMOVED_MAX`].
    async fn put_grant(&self, grant: Grant) -> StoreResult<bool>;

    /// The grant of this hash, unless it has expired by `now`.
    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>>;

    /// Removes the grant of this hash and returns it, unless it has expired by `now`. Of several callers, in
    /// whatever process, one gets it.
    async fn take_grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>>;

    /// Removes a grant. False where there is none.
    async fn delete_grant(&self, sha256: &[u8; 32]) -> StoreResult<bool>;
}
