//! Deleting an automation.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, AutomationId};
use postrider_storage::DeleteObject;

use crate::sql_error::SqlResult;
use crate::{columns, health, statement};

/// Opens no secret, so that an automation whose secrets do not open can be deleted.
pub(super) async fn delete(
    transaction: &impl GenericClient,
    account: AccountId,
    id: AutomationId,
    version: Option<i64>,
) -> SqlResult<DeleteObject> {
    let (owner, automation) = (columns::uuid(account.as_bytes()), columns::uuid(id.as_bytes()));
    // Locked, so that the version that is compared is the one that is deleted.
    let sql = "SELECT version FROM automations WHERE account_id = $1 AND id = $2 FOR UPDATE";
    let row = statement::query_opt(transaction, sql, &[&owner, &automation]).await?;
    let stored: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    let outcome = DeleteObject::of(stored, version);
    if outcome.is_deleted() {
        let sql = "DELETE FROM automations WHERE account_id = $1 AND id = $2";
        statement::execute(transaction, sql, &[&owner, &automation]).await?;
        health::forget(transaction, account, id).await?;
    }
    Ok(outcome)
}
