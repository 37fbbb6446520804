//! Node sessions. Their leases are timed by the database's clock alone: nodes whose clocks disagree still
//! agree on who is alive. A session is alive until somebody finds its lease over and says so; from then on it
//! is dead for good, even if it calls a moment later.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::Timestamp;
use postrider_storage::{LIVE_SESSIONS_MAX, LiveSession, SessionId, SessionStore, StoreResult};
use tokio_postgres::Row;

use crate::database::Client;
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

/// The longest lease, in milliseconds: some 30 years. What is longer counts as this.
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
}

/// Whether nobody declared the session dead so far, for use inside statements that have its number as `$1`.
///
/// That may change before the caller's transaction commits: what a session comes to own when it is dead
/// already is found by the next [`RECLAIM`], as dead sessions are remembered.
pub(crate) const IS_ALIVE: &str = "EXISTS (SELECT 1 FROM sessions WHERE number = $1 AND NOT dead)";

async fn open(client: &Client, lease: Duration) -> SqlResult<SessionId> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(LEASE_MAX_MS);
    // A copy into this database that begins looks for sessions with the table locked: either it sees this
    // one, or this one sees it.
    let sql = "INSERT INTO sessions (lease_ms, alive_until)
               SELECT $1::bigint, clock_timestamp() + $1::bigint * interval '1 millisecond'
               WHERE NOT EXISTS (SELECT 1 FROM copies WHERE finished_at IS NULL) RETURNING number";
    let row = statement::query_opt(client, sql, &[&lease_ms.min(LEASE_MAX_MS)]).await?;
    let row = row.ok_or(SqlError::CopyUnfinished)?;
    Ok(SessionId(row.try_get(0)?))
}

/// Those that could renew, so that one whose lease is over is not told of while nobody has declared it dead.
async fn live(client: &Client) -> SqlResult<Vec<LiveSession>> {
    let sql = "SELECT number, (extract(epoch FROM alive_until) * 1000)::bigint FROM sessions
               WHERE NOT dead AND alive_until > clock_timestamp() ORDER BY number LIMIT $1";
    let limit = i64::try_from(LIVE_SESSIONS_MAX).unwrap_or(i64::MAX);
    let rows = statement::query(client, sql, &[&limit]).await?;
    let session = |row: &Row| {
        Ok(LiveSession {
            id: SessionId(row.try_get(0)?),
            alive_until: Timestamp::from_unix_ms(row.try_get(1)?),
        })
    };
    rows.iter().map(session).collect()
}

async fn renew(client: &Client, session: SessionId) -> SqlResult<bool> {
    let sql = "UPDATE sessions SET alive_until = clock_timestamp() + lease_ms * interval '1 millisecond'
               WHERE number = $1 AND NOT dead AND alive_until > clock_timestamp()";
    let renewed = statement::execute(client, sql, &[&session.0]).await? > 0;
    if !renewed {
        bury(client).await?;
    }
    Ok(renewed)
}

/// The lease ends with the session, so that its number is remembered no longer than any other's.
async fn close(client: &mut Client, session: SessionId, now: Timestamp) -> SqlResult<()> {
    let transaction = client.transaction().await?;
    let sql = "UPDATE sessions SET dead = true, alive_until = least(alive_until, clock_timestamp())
               WHERE number = $1";
    statement::execute(&transaction, sql, &[&session.0]).await?;
    let sql = "UPDATE deliveries SET owner = NULL, state_at = $2 WHERE owner = $1";
    statement::execute(&transaction, sql, &[&session.0, &now.unix_ms()]).await?;
    Ok(transaction.commit().await?)
}

/// A dead session can still be writing its last deliveries, which then come to be owned by it after this:
/// they are found the next time, as its number is remembered. Those that somebody else has under way are left
/// to them.
const RECLAIM: &str = "
    UPDATE deliveries SET owner = NULL, state_at = $2
    FROM (
        SELECT account_id, id FROM deliveries
        WHERE owner IS NOT NULL AND owner IN (SELECT number FROM sessions WHERE dead)
        LIMIT $1 FOR UPDATE SKIP LOCKED
    ) AS left_behind
    WHERE deliveries.account_id = left_behind.account_id AND deliveries.id = left_behind.id";

/// Sessions whose time is up are dead from now on. While the server was down nobody could renew, so that
/// everybody has the length of its lease for that from the server's start: otherwise all nodes would lose all
/// they had under way.
async fn bury(client: &Client) -> SqlResult<()> {
    let sql = "UPDATE sessions SET dead = true
               WHERE NOT dead
                   AND greatest(alive_until, pg_postmaster_start_time() + lease_ms * interval '1 millisecond')
                       <= clock_timestamp()";
    statement::execute(client, sql, &[]).await?;
    Ok(())
}

/// Numbers of sessions that died a day ago go, unless they still own something: by then, nothing that they
/// were writing can be under way any more.
async fn forget(client: &Client) -> SqlResult<()> {
    let sql = "DELETE FROM sessions WHERE dead AND alive_until < clock_timestamp() - interval '1 day'
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE owner = sessions.number)";
    statement::execute(client, sql, &[]).await?;
    Ok(())
}
