//! Not written yet.
#![allow(unused_variables, clippy::todo)]
use deadpool_postgres::GenericClient;
use postrider_model::Timestamp;
use postrider_storage::{DeliveryKey, SessionId};

use crate::sql_error::SqlResult;

/// Gives deliveries back; see [`postrider_storage::DeliveryStore::give_back`].
pub(crate) async fn give_back(
    client: &impl GenericClient,
    session: SessionId,
    keys: &[DeliveryKey],
    now: Timestamp,
) -> SqlResult<()> {
    todo!()
}
