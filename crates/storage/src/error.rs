//! What can go wrong in a store, as far as a caller can act on it.

/// The answer of a verb.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a verb did nothing. Not-found is never an error: verbs answer it with `None` or a variant of their
/// own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More work is queued than the store takes: try again in a moment.
    #[error("the store has too much work queued")]
    Busy,
    /// The store cannot be reached, is shutting down, or has no room left on disk: nothing was done.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A statement failed in a way that trying again will not mend: a defect, or a damaged file.
    #[error("the store failed: {0}")]
    Internal(String),
}
