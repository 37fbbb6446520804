//! Sealed values as a whole: how many there are, and sealing them again after a rotation of the master key.

use async_trait::async_trait;

use crate::error::StoreResult;

/// Sealed values of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SealedValues {
    /// How many there are.
    pub sealed: u64,
    /// How many of them another key than the first sealed.
    pub remaining: u64,
}

/// The result of [`SecretStore::reseal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Values that are now sealed under the first key.
    pub resealed: u64,
    /// Values that did not open and stay as they are.
    pub unopened: u64,
}

/// The most values that one call of [`SecretStore::reseal`] handles: a transaction of some milliseconds.
pub const RESEALED_MAX: u32 = 200;

/// Sealed values as a whole; see [`crate::sealing`].
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Counts the sealed values.
    async fn sealed_values(&self) -> StoreResult<SealedValues>;

    /// Seals up to [`RESEALED_MAX`] values under the first key that another key sealed, in one transaction.
    /// Passes over the first `skip` of them, which did not open before. A value that is edited meanwhile
    /// stays as edited. Nothing is left to do when both counts of the result are 0.
    async fn reseal(&self, skip: u64) -> StoreResult<Resealed>;
}
