//! Changes by other nodes, read from the table in which triggers record them.
//!
//! A number per row would not suffice: transactions do not commit in the order in which they draw numbers. A
//! row is new to a reader if its transaction was still running, or had not begun, in the reader's last
//! snapshot. The reader's mark is the smallest such transaction id, so the reader misses nothing. Any long
//! transaction on the server holds this mark back. The node therefore remembers what it reported to a reader
//! that passes in the current mark, and does not report it again.

use std::collections::HashSet;

use async_trait::async_trait;
use postrider_model::AccountId;
use postrider_storage::{ChangeMark, ChangeStore, Changed, Changes, StoreResult};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

/// Rows read at once. If there are more changes since the last read, everything counts as changed.
const ROWS_MAX: i64 = 10_000;

/// What was reported to the reader on this node, and the mark returned with it.
#[derive(Default)]
pub(crate) struct Told {
    mark: Option<ChangeMark>,
    /// By transaction id, as far as the mark does not cover them.
    changed: HashSet<(i64, Changed)>,
}

#[async_trait]
impl ChangeStore for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn changes(&self, since: Option<ChangeMark>) -> StoreResult<Changes> {
        let seen = since.map(|mark| mark.seen);
        let rows = self
            .database
            .run(async || {
                let client = self.database.client().await?;
                statement::query(&client, CHANGES, &[&seen, &ROWS_MAX]).await
            })
            .await?;
        Ok(read(since, &rows, &mut self.told.lock())?)
    }

    async fn changed(&self) {
        self.listener.heard().await;
    }
}

/// Returns at least one row, with the mark; `kind` is NULL if there is no change.
const CHANGES: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
           xid::text::bigint, kind, account_id
    FROM (VALUES (0)) AS one
    LEFT JOIN (
        SELECT xid, kind, account_id FROM changes
        WHERE xid >= coalesce($1::bigint::text::xid8, pg_snapshot_xmin(pg_current_snapshot())) LIMIT $2
    ) AS found ON true";

/// Removes rows that are an hour old: every reader has read them, or was away for too long ([`AWAY_MAX_MS`])
/// and reloads everything.
pub(crate) async fn forget(client: &Client) -> SqlResult<()> {
    let sql = "DELETE FROM changes WHERE at < clock_timestamp() - interval '1 hour'";
    statement::execute(client, sql, &[]).await?;
    Ok(())
}

/// A reader whose last read was longer ago than this may have missed removed rows. It is well within the
/// hour, because a transaction records its changes some time before it commits.
const AWAY_MAX_MS: i64 = 50 * 60 * 1000;

fn read(since: Option<ChangeMark>, rows: &[Row], told: &mut Told) -> SqlResult<Changes> {
    let first = rows.first().ok_or(SqlError::Damaged("no snapshot"))?;
    let mark = ChangeMark {
        seen: first.try_get(0)?,
        looked_at_ms: first.try_get(1)?,
    };
    let found: HashSet<_> = rows
        .iter()
        .map(change)
        .filter_map(Result::transpose)
        .collect::<SqlResult<_>>()?;
    // A reader that does not pass in the last mark may not have handled what was reported with it.
    let is_known =
        |change: &&(i64, Changed)| since.is_some() && since == told.mark && told.changed.contains(*change);
    let changed: HashSet<_> = found
        .iter()
        .filter(|change| !is_known(change))
        .map(|(_, changed)| *changed)
        .collect();
    let was_away = since.is_some_and(|since| mark.looked_at_ms - since.looked_at_ms > AWAY_MAX_MS);
    let all_told = !was_away && i64::try_from(rows.len()).unwrap_or(i64::MAX) < ROWS_MAX;
    *told = Told {
        mark: Some(mark),
        changed: found.into_iter().filter(|(xid, _)| *xid >= mark.seen).collect(),
    };
    Ok(Changes {
        mark,
        changed: all_told.then(|| changed.into_iter().collect()),
    })
}

/// The change in a row, and its transaction; `None` for the row without a change.
fn change(row: &Row) -> SqlResult<Option<(i64, Changed)>> {
    let xid: Option<i64> = row.try_get(2)?;
    let kind: Option<&str> = row.try_get(3)?;
    let account: Option<Uuid> = row.try_get(4)?;
    let changed = match (kind, account) {
        (Some("account"), Some(id)) => Changed::Account(AccountId::from_bytes(id.into_bytes())),
        (Some("event_types"), _) => Changed::EventTypes,
        (Some("api_keys"), _) => Changed::ApiKeys,
        (Some("sessions"), _) => Changed::Sessions,
        // A kind that a later version added.
        _ => return Ok(None),
    };
    Ok(xid.map(|xid| (xid, changed)))
}
