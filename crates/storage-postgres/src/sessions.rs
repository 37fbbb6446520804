//! Node sessions. Only the database's clock times their leases: nodes whose clocks differ still agree on
//! which sessions are alive. A session is alive until a node finds its lease expired and marks it dead; from
//! then on it stays dead, even if it renews a moment later.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::Timestamp;
use postrider_storage::{
    LIVE_SESSIONS_MAX, LiveSession, SessionId, SessionStore, StoreConnections, StoreResult,
};
use tokio_postgres::Row;

use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

/// The longest lease, in milliseconds: about 30 years. Longer leases are shortened to this.
const LEASE_MAX_MS: i64 = 1_000_000_000_000;

#[async_trait]
impl SessionStore for PostgresStore {
    async fn open_session(&self, lease: Duration, _now: Timestamp) -> StoreResult<SessionId> {
        self.database
            .run(async || open(&self.database.client().await?, lease).await)
            .await
    }

    async fn renew_session(&self, session: SessionId, _now: Timestamp) -> StoreResult<bool> {
        self.database
            .run(async || renew(&self.database.client().await?, session).await)
            .await
    }

    async fn close_session(&self, session: SessionId, now: Timestamp) -> StoreResult<()> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                self.in_doubt.resolve(&client).await?;
                close(&mut client, session, now).await
            })
            .await
    }

    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database
            .run(async || {
                let client = self.database.client().await?;
                bury(&client).await?;
                forget(&client).await?;
                let released = statement::execute(&client, RECLAIM, &[&limit, &now.unix_ms()]).await?;
                Ok(usize::try_from(released).unwrap_or(usize::MAX))
            })
            .await
    }

    async fn sessions(&self, _now: Timestamp) -> StoreResult<Vec<LiveSession>> {
        self.database
            .run(async || live(&self.database.client().await?).await)
            .await
    }

    async fn check(&self) -> StoreResult<()> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let sql = "UPDATE write_checks SET made = made + 1 WHERE number = 1";
                statement::execute(&client, sql, &[]).await?;
                Ok(())
            })
            .await
    }

    fn server_connections(&self) -> Option<StoreConnections> {
        Some(self.database.connections())
    }
}

/// Whether the session has not been declared dead so far, for use inside statements that have its number as
/// `$1`.
///
/// That may change before the caller's transaction commits. Deliveries that a dead session comes to own in
/// this way are found by the next [`RECLAIM`], because dead sessions are remembered.
pub(crate) const IS_ALIVE: &str = "EXISTS (SELECT 1 FROM sessions WHERE number = $1 AND NOT dead)";

async fn open(client: &Client, lease: Duration) -> SqlResult<SessionId> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(LEASE_MAX_MS);
    // A new copy into this database looks for sessions with the table locked: either it sees this session, or
    // this statement sees the copy.
    let sql = "INSERT INTO sessions (lease_ms, alive_until)
               SELECT $1::bigint, clock_timestamp() + $1::bigint * interval '1 millisecond'
               WHERE NOT EXISTS (SELECT 1 FROM copies WHERE finished_at IS NULL) RETURNING number";
    let row = statement::query_opt(client, sql, &[&lease_ms.min(LEASE_MAX_MS)]).await?;
    let row = row.ok_or(SqlError::CopyUnfinished)?;
    Ok(SessionId(row.try_get(0)?))
}

/// When a session's lease ends. While the server was down, no session could renew: each therefore has the
/// length of its lease from the server's start. Otherwise all nodes would lose everything that they had under
/// way.
pub(crate) const LEASE_END: &str =
    "greatest(alive_until, pg_postmaster_start_time() + lease_ms * interval '1 millisecond')";

/// The sessions that could renew: an expired session is left out even before a node has marked it dead.
async fn live(client: &Client) -> SqlResult<Vec<LiveSession>> {
    let sql = format!(
        "SELECT number, (extract(epoch FROM {LEASE_END}) * 1000)::bigint FROM sessions
         WHERE NOT dead AND {LEASE_END} > clock_timestamp() ORDER BY number LIMIT $1"
    );
    let limit = i64::try_from(LIVE_SESSIONS_MAX).unwrap_or(i64::MAX);
    let rows = statement::query(client, &sql, &[&limit]).await?;
    let session = |row: &Row| {
        Ok(LiveSession {
            id: SessionId(row.try_get(0)?),
            alive_until: Timestamp::from_unix_ms(row.try_get(1)?),
        })
    };
    rows.iter().map(session).collect()
}

async fn renew(client: &Client, session: SessionId) -> SqlResult<bool> {
    let sql = format!(
        "UPDATE sessions SET alive_until = clock_timestamp() + lease_ms * interval '1 millisecond'
         WHERE number = $1 AND NOT dead AND {LEASE_END} > clock_timestamp()"
    );
    let renewed = statement::execute(client, &sql, &[&session.0]).await? > 0;
    if !renewed {
        bury(client).await?;
    }
    Ok(renewed)
}

/// Ends the lease as well, so that the session's number is kept no longer than any other's.
async fn close(client: &mut Client, session: SessionId, now: Timestamp) -> SqlResult<()> {
    let transaction = client.transaction().await?;
    let sql = "UPDATE sessions SET dead = true, alive_until = least(alive_until, clock_timestamp())
               WHERE number = $1";
    statement::execute(&transaction, sql, &[&session.0]).await?;
    let sql = "UPDATE deliveries SET owner = NULL, state_at = $2 WHERE owner = $1";
    statement::execute(&transaction, sql, &[&session.0, &now.unix_ms()]).await?;
    Ok(transaction.commit().await?)
}

/// A dead session may still be writing its last deliveries, which it then comes to own after this statement.
/// The next call finds them, because the session's number is remembered. Rows that another transaction has
/// locked are skipped.
const RECLAIM: &str = "
    UPDATE deliveries SET owner = NULL, state_at = $2
    FROM (
        SELECT account_id, id FROM deliveries
        WHERE owner IS NOT NULL AND owner IN (SELECT number FROM sessions WHERE dead)
        LIMIT $1 FOR UPDATE SKIP LOCKED
    ) AS left_behind
    WHERE deliveries.account_id = left_behind.account_id AND deliveries.id = left_behind.id";

/// Marks sessions whose lease expired as dead.
async fn bury(client: &Client) -> SqlResult<()> {
    let sql = format!("UPDATE sessions SET dead = true WHERE NOT dead AND {LEASE_END} <= clock_timestamp()");
    statement::execute(client, &sql, &[]).await?;
    Ok(())
}

/// Deletes the numbers of sessions that died a day ago, unless they still own deliveries: by then, none of
/// their writes can still be under way.
async fn forget(client: &Client) -> SqlResult<()> {
    let sql = "DELETE FROM sessions WHERE dead AND alive_until < clock_timestamp() - interval '1 day'
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE owner = sessions.number)";
    statement::execute(client, sql, &[]).await?;
    Ok(())
}
