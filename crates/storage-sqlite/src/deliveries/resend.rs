//! Resending: one more attempt, at once.

use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, Timestamp};
use postrider_storage::{DeliveryKey, Resent};
use rusqlite::Connection;

use crate::deliveries;
use crate::sql_error::SqlResult;

/// Requests one more attempt; see [`postrider_storage::DeliveryStore::resend`].
pub(crate) fn resend(conn: &Connection, key: DeliveryKey, now: Timestamp) -> SqlResult<Resent> {
    let Some(delivery) = deliveries::by_key(conn, key)? else {
        return Ok(Resent::Missing);
    };
    if delivery.progress.status == DeliveryStatus::Pending && delivery.next_attempt_at.is_none() {
        return Ok(Resent::UnderWay);
    }
    let Some(progress) = delivery.progress.resend() else {
        return Ok(Resent::TooManyAttempts);
    };
    make_due(conn, key.delivery.as_bytes(), &progress, now)?;
    Ok(Resent::Due(delivery.action))
}

/// Makes a delivery without an owner wait for one more attempt, due at `now`.
pub(crate) fn make_due(
    conn: &Connection,
    id: &[u8; 16],
    progress: &Progress,
    now: Timestamp,
) -> SqlResult<()> {
    conn.prepare_cached("UPDATE deliveries SET status = ?2, resend_of = ?3, state_at = ?4 WHERE id = ?1")?
        .execute((
            id,
            progress.status.code(),
            progress.resend_of.map(DeliveryStatus::code),
            now.unix_ms(),
        ))?;
    Ok(())
}
