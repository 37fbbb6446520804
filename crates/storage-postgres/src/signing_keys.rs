//! Signing keys: one current per account, at most one overlapping, and some that have ended.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, SigningKey, SigningKeyId, Timestamp};
use postrider_storage::rules;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::sql_error::{SqlError, SqlResult};
use crate::{columns, statement};

/// An account's keys: the current first, then the one made last. Without an account there are none.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT id, secret, created_at, expires_at FROM signing_keys WHERE account_id = $1
    ORDER BY expires_at IS NOT NULL, created_at DESC, id DESC";

/// An account's keys; `None` where there is no account, as every account has a current key.
pub(crate) async fn of_account(
    client: &impl GenericClient,
    account: AccountId,
) -> SqlResult<Option<Vec<SigningKey>>> {
    let rows = statement::query(client, OF_ACCOUNT, &[&columns::uuid(account.as_bytes())]).await?;
    let keys: Vec<_> = rows.iter().map(from_row).collect::<SqlResult<_>>()?;
    Ok((!keys.is_empty()).then_some(keys))
}

/// Reads a row of [`OF_ACCOUNT`].
pub(crate) fn from_row(row: &Row) -> SqlResult<SigningKey> {
    let secret: &str = row.try_get(1)?;
    Ok(SigningKey {
        id: columns::id(row, 0, SigningKeyId::from_bytes)?,
        secret: secret
            .parse()
            .map_err(|_| SqlError::Damaged("a signing secret"))?,
        created_at: columns::time(row, 2)?,
        expires_at: columns::time_opt(row, 3)?,
    })
}

/// Makes `key` the current one of an account that this transaction has locked; see
/// [`postrider_storage::AccountStore::rotate_signing_key`].
pub(crate) async fn rotate(
    transaction: &impl GenericClient,
    account: AccountId,
    key: &SigningKey,
    overlap_until: Timestamp,
) -> SqlResult<()> {
    let keys = of_account(transaction, account).await?.unwrap_or_default();
    let rotation = rules::signing_keys::rotation(&keys, key, overlap_until);
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
        "INSERT INTO signing_keys (account_id, id, secret, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            &account,
            &columns::uuid(key.id.as_bytes()),
            &key.secret.expose(),
            &key.created_at.unix_ms(),
            &key.expires_at.map(Timestamp::unix_ms),
        ],
    )
    .await?;
    Ok(())
}
