//! Why a verb did not write a change.

use std::time::Duration;

use postrider_storage::StoreError;
use postrider_storage::rules::fan_out::TooManyDeliveries;

use super::Fault;

/// Why a verb wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// The draft has these faults: at least one, at most [`super::FAULTS_MAX`].
    #[error("{} faults were found", .0.len())]
    Faults(Vec<Fault>),
    /// The account does not exist, or does not have the object.
    #[error("the object does not exist")]
    Missing,
    /// The object is not the one from which the change started: another request has changed or created it.
    #[error("another request changed the object at the same time")]
    Stale,
    /// Another account, or another automation of the account, has the `uid`.
    #[error("another object has this uid")]
    UidTaken,
    /// Only for new automations: the account already has [`postrider_model::automation::AUTOMATIONS_MAX`].
    #[error("the account has the maximum number of automations")]
    TooMany,
    /// Only where an automation is switched on: one event could then have too many deliveries. For a draft
    /// this is one of its faults.
    #[error(transparent)]
    TooManyDeliveries(TooManyDeliveries),
    /// Only for deletions: the account is built in ([`postrider_model::SYSTEM_ACCOUNT`]).
    #[error("the account is built in and cannot be deleted")]
    BuiltIn,
    /// Only for actions: the account's keys sign its requests, so it has no key to rotate.
    #[error("the action has no signing key of its own")]
    NoOwnKey,
    /// Only for rotations: the account has rotated [`crate::ROTATIONS_PER_MINUTE`] keys within a minute.
    #[error("the account has rotated too many keys within a minute")]
    TooManyRotations {
        /// When the next one is possible.
        retry_after: Duration,
    },
    /// The store failed, or broke its contract.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConfigureError {
    /// The error of a store whose result breaks the verb's contract.
    pub(super) fn out_of_contract(verb: &str, returned: &str) -> Self {
        Self::Store(StoreError::Internal(format!("{verb} returned {returned}")))
    }
}
