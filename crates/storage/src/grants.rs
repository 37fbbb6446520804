//! Grants for the console: portal links and sessions, stored by the hash of their token.

use async_trait::async_trait;
use postrider_model::{Grant, Timestamp};

use crate::error::StoreResult;

/// Most expired grants that adding one grant removes. More than one, so that they cannot pile up; few enough
/// that signing in is not delayed.
pub const EXPIRED_GRANTS_REMOVED_MAX: usize = 100;

/// Grants for the console. Deleting an account or an API key also deletes its grants.
#[async_trait]
pub trait ConsoleStore: Send + Sync {
    /// Adds a grant, whose hash is new. False if its account or its API key no longer exists: nothing was
    /// written.
    ///
    /// It also removes grants that had expired by `grant.created_at`, at most [`EXPIRED_GRANTS_REMOVED_MAX`].
    async fn put_grant(&self, grant: Grant) -> StoreResult<bool>;

    /// The grant with this hash, unless it has expired by `now`.
    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>>;

    /// Removes the grant with this hash and returns it, unless it has expired by `now`. Of several concurrent
    /// callers, in any process, only one gets it.
    async fn take_grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>>;

    /// Removes a grant. False if there was none.
    async fn delete_grant(&self, sha256: &[u8; 32]) -> StoreResult<bool>;
}
