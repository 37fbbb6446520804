//! Signing keys: one current key per account, at most one overlapping, and some expired ones.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, SigningKey, Timestamp};
use postrider_storage::rows::SigningKeyRow;
use postrider_storage::rules::signing_keys::KEYS_KEPT;
use postrider_storage::{Sealer, rules};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::sql_error::SqlResult;
use crate::{columns, statement};

/// An account's keys: the current one first, then the newest first. No rows if there is no such account.
pub(crate) fn of_account_sql() -> String {
    format!(
        "SELECT {} FROM signing_keys WHERE account_id = $1
         ORDER BY expires_at IS NOT NULL, created_at DESC, id DESC",
        SigningKeyRow::COLUMNS
    )
}

/// An account's keys; `None` if there is no such account, because every account has a current key.
pub(crate) async fn of_account(
    client: &impl GenericClient,
    account: AccountId,
    sealer: &Sealer,
) -> SqlResult<Option<Vec<SigningKey>>> {
    let rows = statement::query(client, &of_account_sql(), &[&columns::uuid(account.as_bytes())]).await?;
    let keys: Vec<_> = rows
        .iter()
        .map(|row| from_row(row, account, sealer))
        .collect::<SqlResult<_>>()?;
    Ok((!keys.is_empty()).then_some(keys))
}

/// Reads a row of [`of_account_sql`].
pub(crate) fn from_row(row: &Row, account: AccountId, sealer: &Sealer) -> SqlResult<SigningKey> {
    Ok(columns::read(row, 0, SigningKeyRow::read)?.open(account, sealer)?)
}

/// Makes `key` the current key of an account that this transaction has locked; see
/// [`postrider_storage::AccountStore::rotate_signing_key`].
pub(crate) async fn rotate(
    transaction: &impl GenericClient,
    account: AccountId,
    key: &SigningKey,
    overlap_until: Timestamp,
    sealer: &Sealer,
) -> SqlResult<()> {
    let keys = of_account(transaction, account, sealer)
        .await?
        .unwrap_or_default();
    let rotation = rules::signing_keys::rotation(&keys, key, overlap_until, KEYS_KEPT);
    let row = SigningKeyRow::of(key, account, sealer);
    let account = columns::uuid(account.as_bytes());
    let ended: Vec<Uuid> = rotation
        .ended
        .iter()
        .map(|(id, _)| columns::uuid(id.as_bytes()))
        .collect();
    let ends: Vec<i64> = rotation.ended.iter().map(|(_, at)| at.unix_ms()).collect();
    statement::execute(
        transaction,
        "UPDATE signing_keys AS k SET expires_at = n.expires_at
         FROM unnest($2::uuid[], $3::bigint[]) AS n (id, expires_at)
         WHERE k.account_id = $1 AND k.id = n.id",
        &[&account, &ended, &ends],
    )
    .await?;
    let removed: Vec<Uuid> = rotation
        .removed
        .iter()
        .map(|id| columns::uuid(id.as_bytes()))
        .collect();
    statement::execute(
        transaction,
        "DELETE FROM signing_keys WHERE account_id = $1 AND id = ANY ($2)",
        &[&account, &removed],
    )
    .await?;
    statement::execute(
        transaction,
        &format!(
            "INSERT INTO signing_keys (account_id, {}) VALUES ($1, $2, $3, $4, $5)",
            SigningKeyRow::COLUMNS
        ),
        &[
            &account,
            &columns::uuid(&row.id),
            &row.secret,
            &row.created_at,
            &row.expires_at,
        ],
    )
    .await?;
    Ok(())
}
