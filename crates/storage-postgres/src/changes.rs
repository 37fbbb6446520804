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
                let since = since.map(|mark| mark.0);
                let rows = statement::query(&client, CHANGES, &[&since, &ROWS_MAX]).await?;
                read(&rows)
            })
            .await
    }

    async fn changed(&self) {
        self.listener.heard().await;
    }
}

/// One row at least, with the mark; `kind` is NULL where there is no change. Where the oldest row that is kept is newer
/// than the reader's mark, some it has not read are gone ([`PRUNE`]).
const CHANGES: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           coalesce((SELECT min(xid) FROM changes) > $1::bigint::text::xid8, false),
           kind, account_id
    FROM (VALUES (0)) AS one
    LEFT JOIN (
        SELECT kind, account_id FROM changes WHERE xid >= $1::bigint::text::xid8 LIMIT $2
    ) AS found ON true";

/// Removes what is old, but for the newest of it, which shows from where on nothing is missing.
pub(crate) const PRUNE: &str = "
    DELETE FROM changes WHERE xid < (SELECT max(xid) FROM changes WHERE at < clock_timestamp() - interval '1 hour')";

fn read(rows: &[Row]) -> SqlResult<Changes> {
    let first = rows.first().ok_or(SqlError::Damaged("no snapshot"))?;
    let mark = ChangeMark(first.try_get(0)?);
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
    let some_are_gone: bool = first.try_get(1)?;
    let all_told = !some_are_gone && i64::try_from(rows.len()).unwrap_or(i64::MAX) < ROWS_MAX;
    Ok(Changes {
        mark,
        changed: all_told.then(|| changed.into_iter().collect()),
    })
}
