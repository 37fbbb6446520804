//! What other nodes changed, from the table in which triggers note it.
//!
//! A number per row would not do: transactions commit in another order than they draw numbers. A row is new to a
//! reader if its transaction was still under way, or had not begun, in the reader's last snapshot; the least such
//! transaction is what the reader keeps as its mark. So nothing is missed, and some things are told twice.

use std::collections::HashSet;

use async_trait::async_trait;
use postrider_model::AccountId;
use postrider_storage::{ChangeMark, ChangeStore, Changed, Changes, StoreResult};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

/// Rows read at once. More changes than that since the last look: then everything counts as changed.
const ROWS_MAX: i64 = 10_000;

#[async_trait]
impl ChangeStore for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn changes(&self, since: Option<ChangeMark>) -> StoreResult<Changes> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let seen = since.map(|mark| mark.seen);
                let rows = statement::query(&client, CHANGES, &[&seen, &ROWS_MAX]).await?;
                read(since, &rows)
            })
            .await
    }

    async fn changed(&self) {
        self.listener.heard().await;
    }
}

/// One row at least, with the mark; `kind` is NULL where there is no change.
const CHANGES: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
           kind, account_id
    FROM (VALUES (0)) AS one
    LEFT JOIN (
        SELECT kind, account_id FROM changes WHERE xid >= $1::bigint::text::xid8 LIMIT $2
    ) AS found ON true";

/// Removes what every reader has read, or has been away for too long to.
pub(crate) const PRUNE: &str = "DELETE FROM changes WHERE at < clock_timestamp() - interval '1 hour'";

/// A reader that looked longer ago than this may have missed what was removed: well within the hour, as a transaction
/// notes its changes some time before it commits.
const AWAY_MAX_MS: i64 = 50 * 60 * 1000;

fn read(since: Option<ChangeMark>, rows: &[Row]) -> SqlResult<Changes> {
    let first = rows.first().ok_or(SqlError::Damaged("no snapshot"))?;
    let mark = ChangeMark {
        seen: first.try_get(0)?,
        looked_at_ms: first.try_get(1)?,
    };
    let mut changed = HashSet::new();
    for row in rows {
        let kind: Option<&str> = row.try_get(2)?;
        let account: Option<Uuid> = row.try_get(3)?;
        changed.extend(match (kind, account) {
            (Some("account"), Some(id)) => Some(Changed::Account(AccountId::from_bytes(id.into_bytes()))),
            (Some("event_types"), _) => Some(Changed::EventTypes),
            (Some("api_keys"), _) => Some(Changed::ApiKeys),
            (Some("sessions"), _) => Some(Changed::Sessions),
            _ => None,
        });
    }
    let was_away = since.is_some_and(|since| mark.looked_at_ms - since.looked_at_ms > AWAY_MAX_MS);
    let all_told = !was_away && i64::try_from(rows.len()).unwrap_or(i64::MAX) < ROWS_MAX;
    Ok(Changes {
        mark,
        changed: all_told.then(|| changed.into_iter().collect()),
    })
}
