//! Keys of deliveries as arrays, for statements over many deliveries.
//!
//! Rows are found by account and id. Statements also get the smallest and the greatest id, from which the
//! server determines the partitions before it reads rows: the deliveries of a call are mostly of one day.
//!
//! Statements that find rows by keys must look up each key in the primary key's index, whatever the planner
//! estimates. The planner plans them once per connection, perhaps while the day's tables are still empty. A
//! plan that reads all rows of a day, or of a session, is cheap then and ruinous an hour later. The keys are
//! therefore read with `LIMIT cardinality(…)`, which the planner takes for a single key. The owner is
//! compared with `IS NOT DISTINCT FROM`, so that the planner cannot use the index of owners (measured: half
//! of PostgreSQL's time).

use postrider_storage::DeliveryKey;
use uuid::Uuid;

use crate::columns::uuid;

/// Keys, with one array per column.
pub(crate) struct Keys {
    /// `account_id`.
    pub(crate) accounts: Vec<Uuid>,
    /// `id`.
    pub(crate) ids: Vec<Uuid>,
    /// The smallest id.
    pub(crate) first_id: Uuid,
    /// The greatest id.
    pub(crate) last_id: Uuid,
}

impl Keys {
    /// Keeps the keys in the given order.
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

    /// Sorts the keys in the order in which all statements lock rows, so that two statements never wait for
    /// each other.
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
