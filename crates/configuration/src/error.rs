//! Why configuration was not written.

use postrider_storage::StoreError;

use super::Fault;

/// Why a verb wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// The draft has these faults: at least one, at most [`super::FAULTS_MAX`].
    #[error("{} faults were found", .0.len())]
    Faults(Vec<Fault>),
    /// There is no such account, or no such object in it.
    #[error("there is no such object")]
    Missing,
    /// Only of changes: the object was changed since the version that this one was made from.
    #[error("the object was changed by others at the same time")]
    Stale,
    /// Only of accounts: another one has the `uid`.
    #[error("another account has this uid")]
    UidTaken,
    /// Only of new automations: the account has [`postrider_model::automation::AUTOMATIONS_MAX`] already.
    #[error("the account has as many automations as it can have")]
    TooMany,
    /// The store failed, or answered what it never should.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConfigureError {
    /// The error of a store that answers a verb with what its contract rules out.
    pub(super) fn out_of_contract(verb: &str, answer: &str) -> Self {
        Self::Store(StoreError::Internal(format!("{verb} was answered with {answer}")))
    }
}
