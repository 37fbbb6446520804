//! Rows that deleted accounts left behind. They are removed whatever their age and state, because their
//! actions no longer exist.

use deadpool_postgres::Transaction;
use postrider_storage::Pruned;
use uuid::Uuid;

use super::rows::{self, Old};
use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::statement;

/// Removes about `limit` rows of deleted accounts.
pub(super) async fn step(client: &mut Client, limit: usize) -> SqlResult<Pruned> {
    let mut pruned = Pruned::default();
    let Some(transaction) = super::begin(client).await? else {
        return Ok(pruned);
    };
    let mut rows = 0;
    while let Some(account) = next(&transaction).await? {
        if rows >= limit {
            pruned.more = true;
            break;
        }
        rows += 1;
        let events = first_events(&transaction, account, limit - rows + 1).await?;
        if events.is_empty() {
            rows += finish(&transaction, account, limit).await?;
            continue;
        }
        let removed = rows::remove(&transaction, &events).await?;
        rows += removed.events + 2 * removed.deliveries;
        pruned.events += removed.events;
        pruned.deliveries += removed.deliveries;
    }
    transaction.commit().await?;
    Ok(pruned)
}

/// The account that was deleted first.
async fn next(transaction: &Transaction<'_>) -> SqlResult<Option<Uuid>> {
    let sql = "SELECT account_id FROM deleted_accounts ORDER BY at, account_id LIMIT 1";
    let row = statement::query_opt(transaction, sql, &[]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn first_events(transaction: &Transaction<'_>, account: Uuid, limit: usize) -> SqlResult<Vec<Old>> {
    let sql = format!(
        "SELECT {} FROM events AS e WHERE account_id = $1 ORDER BY created_at, seq LIMIT $2",
        Old::COLUMNS
    );
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement::query(transaction, &sql, &[&account, &most]).await?;
    let found: Vec<_> = found.iter().map(Old::from_row).collect::<SqlResult<_>>()?;
    Ok(rows::first_rows(&found, limit).to_vec())
}

/// Removes what is left of an account without events: attempts, deliveries and keys whose events were removed
/// with another day. If nothing is left, the account is done. Returns how many rows were removed.
async fn finish(transaction: &Transaction<'_>, account: Uuid, limit: usize) -> SqlResult<usize> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut gone = 0;
    for sql in STANDING_ALONE {
        gone += statement::execute(transaction, sql, &[&account, &most]).await?;
    }
    if gone == 0 {
        let sql = "DELETE FROM deleted_accounts WHERE account_id = $1";
        statement::execute(transaction, sql, &[&account]).await?;
    }
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

const STANDING_ALONE: [&str; 3] = [
    "DELETE FROM attempts WHERE account_id = $1 AND (delivery_id, number) IN (
         SELECT delivery_id, number FROM attempts WHERE account_id = $1 LIMIT $2)",
    "DELETE FROM deliveries WHERE account_id = $1 AND id IN (
         SELECT id FROM deliveries WHERE account_id = $1 LIMIT $2)",
    "DELETE FROM event_keys WHERE account_id = $1 AND (kind, key) IN (
         SELECT kind, key FROM event_keys WHERE account_id = $1 LIMIT $2)",
];
