//! Errors of a store, as far as a caller can act on them.

/// The result of a verb.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a verb did nothing. "Not found" is never an error: verbs return `None` or a variant of their own for
/// it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More work is queued than the store accepts: try again in a moment.
    #[error("the store has too much work queued")]
    Busy,
    /// The store cannot be reached, is shutting down, or has no disk space left: nothing was done.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A statement failed, and a retry will not help: a bug, or a damaged file.
    #[error("the store failed: {0}")]
    Internal(String),
}
