//! Resending: one more attempt, at once.

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, AuditEntry, DeliveryStatus, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::{DeliveryKey, Resent};

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::{audit, statement};

/// Requests one more attempt; see [`postrider_storage::DeliveryStore::resend`].
pub(crate) async fn resend(
    client: &mut Client,
    key: DeliveryKey,
    now: Timestamp,
    audit: &AuditEntry,
) -> SqlResult<Resent> {
    let (account, id) = (uuid(key.account.as_bytes()), uuid(key.delivery.as_bytes()));
    let transaction = client.transaction().await?;
    let row = statement::query_opt(
        &transaction,
        "SELECT status, attempts, resends, resend_of, owner, action_id FROM deliveries
         WHERE account_id = $1 AND id = $2 FOR UPDATE",
        &[&account, &id],
    )
    .await?;
    let Some(row) = row else {
        return Ok(Resent::Missing);
    };
    let owner: Option<i64> = row.try_get(4)?;
    if owner.is_some() {
        return Ok(Resent::UnderWay);
    }
    let progress = Progress::try_from(columns::read(&row, 0, ProgressRow::read)?)?;
    let Some(progress) = progress.resend() else {
        return Ok(Resent::TooManyAttempts);
    };
    let resend_of = progress.resend_of.map(DeliveryStatus::code).map(i16::from);
    statement::execute(
        &transaction,
        "UPDATE deliveries SET status = $3, resend_of = $4, state_at = $5 WHERE account_id = $1 AND id = $2",
        &[
            &account,
            &id,
            &i16::from(progress.status.code()),
            &resend_of,
            &now.unix_ms(),
        ],
    )
    .await?;
    let action = columns::id(&row, 5, ActionId::from_bytes)?;
    audit::commit(transaction, audit).await?;
    Ok(Resent::Due(action))
}
