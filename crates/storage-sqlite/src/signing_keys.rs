//! Signing keys: one current key per account, at most one overlapping, and some expired ones.

use postrider_model::{AccountId, SigningKey, Timestamp};
use postrider_storage::rows::SigningKeyRow;
use postrider_storage::rules::signing_keys::KEYS_KEPT;
use postrider_storage::{Sealer, rules};
use rusqlite::Connection;

use crate::columns;
use crate::sql_error::SqlResult;

/// Adds a key.
pub(crate) fn insert(
    conn: &Connection,
    account: AccountId,
    key: &SigningKey,
    sealer: &Sealer,
) -> SqlResult<()> {
    let row = SigningKeyRow::of(key, account, sealer);
    conn.prepare_cached(&format!(
        "INSERT INTO signing_keys (account_id, {}) VALUES (?1, ?2, ?3, ?4, ?5)",
        SigningKeyRow::COLUMNS
    ))?
    .execute((
        account.as_bytes(),
        row.id,
        row.secret,
        row.created_at,
        row.expires_at,
    ))?;
    Ok(())
}

/// An account's keys: the current one first, then the newest first.
pub(crate) fn of_account(
    conn: &Connection,
    account: AccountId,
    sealer: &Sealer,
) -> SqlResult<Vec<SigningKey>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {} FROM signing_keys WHERE account_id = ?1
         ORDER BY expires_at IS NOT NULL, created_at DESC, number DESC",
        SigningKeyRow::COLUMNS
    ))?;
    let mut rows = statement.query((account.as_bytes(),))?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(columns::read(row, 0, SigningKeyRow::read)?.open(account, sealer)?);
    }
    Ok(keys)
}

/// Makes `key` the current key; see [`postrider_storage::AccountStore::rotate_signing_key`].
pub(crate) fn rotate(
    conn: &Connection,
    account: AccountId,
    key: &SigningKey,
    overlap_until: Timestamp,
    sealer: &Sealer,
) -> SqlResult<()> {
    let keys = of_account(conn, account, sealer)?;
    let rotation = rules::signing_keys::rotation(&keys, key, overlap_until, KEYS_KEPT);
    let mut end =
        conn.prepare_cached("UPDATE signing_keys SET expires_at = ?3 WHERE account_id = ?1 AND id = ?2")?;
    for (id, at) in rotation.ended {
        end.execute((account.as_bytes(), id.as_bytes(), at.unix_ms()))?;
    }
    let mut remove = conn.prepare_cached("DELETE FROM signing_keys WHERE account_id = ?1 AND id = ?2")?;
    for id in rotation.removed {
        remove.execute((account.as_bytes(), id.as_bytes()))?;
    }
    insert(conn, account, key, sealer)
}
