//! Keys of deliveries as arrays, for statements that touch many.
//!
//! Rows are found by account and id. The least and the greatest id go along, as the partitions to look into
//! follow from them before the rows do: a call's deliveries are mostly of one day.
//!
//! Statements that find rows by keys have to step from key to key through the primary key's index, whatever
//! the planner believes: it plans them once for a connection, perhaps while the day's tables are empty still.
//! A plan that reads all the rows of a day, or all of a session, is cheap then and ruinous an hour later. So
//! keys are read `LIMIT cardinality(…)`, which the planner takes for a single key, and an owner is compared
//! with `IS NOT DISTINCT FROM`, for which it has no use of the index of owners (measured: half of
//! PostgreSQL's time).

use postrider_storage::DeliveryKey;
use uuid::Uuid;

use crate::columns::uuid;

/// Keys, one array for each column.
pub(crate) struct Keys {
    /// `account_id`.
    pub(crate) accounts: Vec<Uuid>,
    /// `id`.
    pub(crate) ids: Vec<Uuid>,
    /// The least of the ids.
    pub(crate) first_id: Uuid,
    /// The greatest of the ids.
    pub(crate) last_id: Uuid,
}

impl Keys {
    /// These keys, in this order.
    pub(crate) fn new(keys: impl ExactSizeIterator<Item = DeliveryKey>) -> Self {
        let mut all = Self {
            accounts: Vec::with_capacity(keys.len()),
            ids: Vec::with_capacity(keys.len()),
            first_id: Uuid::max(),
            last_id: Uuid::nil(),
        };
        for key in keys {
            let id = uuid(key.delivery.as_bytes());
            all.accounts.push(uuid(key.account.as_bytes()));
            all.ids.push(id);
            all.first_id = all.first_id.min(id);
            all.last_id = all.last_id.max(id);
        }
        all
    }

    /// These keys in the order in which all statements lock rows, so that two of them do not wait for each
    /// other.
    pub(crate) fn sorted(keys: &[DeliveryKey]) -> Self {
        let mut keys = keys.to_vec();
        keys.sort_unstable_by_key(order);
        keys.dedup();
        Self::new(keys.into_iter())
    }
}

/// The order in which rows are locked.
pub(crate) fn order(key: &DeliveryKey) -> (u128, u128) {
    (key.account.as_u128(), key.delivery.as_u128())
}
