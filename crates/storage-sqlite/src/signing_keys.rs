//! Signing keys: one current per account, at most one overlapping, and some that have ended.

use postrider_model::{AccountId, SigningKey, SigningKeyId, Timestamp};
use postrider_storage::rules;
use rusqlite::{Connection, Row};

use crate::columns;
use crate::sql_error::{SqlError, SqlResult};

/// Adds a key.
pub(crate) fn insert(conn: &Connection, account: AccountId, key: &SigningKey) -> SqlResult<()> {
    conn.prepare_cached(
        "INSERT INTO signing_keys (id, account_id, secret, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        key.id.as_bytes(),
        account.as_bytes(),
        key.secret.expose(),
        key.created_at.unix_ms(),
        key.expires_at.map(Timestamp::unix_ms),
    ))?;
    Ok(())
}

/// An account's keys: the current first, then the one made last.
pub(crate) fn of_account(conn: &Connection, account: AccountId) -> SqlResult<Vec<SigningKey>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, secret, created_at, expires_at FROM signing_keys WHERE account_id = ?1
         ORDER BY expires_at IS NOT NULL, created_at DESC, number DESC",
    )?;
    let mut rows = statement.query((account.as_bytes(),))?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(from_row(row)?);
    }
    Ok(keys)
}

fn from_row(row: &Row<'_>) -> SqlResult<SigningKey> {
    let secret: String = row.get(1)?;
    Ok(SigningKey {
        id: columns::id(row, 0, SigningKeyId::from_bytes)?,
        secret: secret
            .parse()
            .map_err(|_| SqlError::Damaged("a signing secret"))?,
        created_at: columns::time(row, 2)?,
        expires_at: columns::time_opt(row, 3)?,
    })
}

/// Makes `key` the current one; see [`postrider_storage::AccountStore::rotate_signing_key`].
pub(crate) fn rotate(
    conn: &Connection,
    account: AccountId,
    key: &SigningKey,
    overlap_until: Timestamp,
) -> SqlResult<()> {
    let rotation = rules::signing_keys::rotation(&of_account(conn, account)?, key, overlap_until);
    let mut end =
        conn.prepare_cached("UPDATE signing_keys SET expires_at = ?3 WHERE account_id = ?1 AND id = ?2")?;
    for (id, at) in rotation.ended {
        end.execute((account.as_bytes(), id.as_bytes(), at.unix_ms()))?;
    }
    let mut remove = conn.prepare_cached("DELETE FROM signing_keys WHERE account_id = ?1 AND id = ?2")?;
    for id in rotation.removed {
        remove.execute((account.as_bytes(), id.as_bytes()))?;
    }
    insert(conn, account, key)
}
