//! Node sessions. Their leases are timed by the database's clock alone: nodes whose clocks disagree still agree on who
//! is alive. A session is alive until somebody finds its lease over and says so; from then on it is dead for good.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::Timestamp;
use postrider_storage::{SessionId, SessionStore, StoreResult};

use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

/// The longest lease, in milliseconds: some 30 years. What is longer counts as this.
const LEASE_MAX_MS: i64 = 1_000_000_000_000;

/// How long a dead session's number is remembered, so that what it owned is found.
const DEAD_KEPT: &str = "1 day";

#[async_trait]
impl SessionStore for PostgresStore {
    async fn open_session(&self, lease: Duration, _now: Timestamp) -> StoreResult<SessionId> {
        let lease_ms = i64::try_from(lease.as_millis())
            .unwrap_or(LEASE_MAX_MS)
            .min(LEASE_MAX_MS);
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let row = statement::query_one(
                    &client,
                    "INSERT INTO sessions (lease_ms, alive_until)
                         VALUES ($1, clock_timestamp() + $1 * interval '1 millisecond') RETURNING number",
                    &[&lease_ms],
                )
                .await?;
                Ok(SessionId(row.try_get(0)?))
            })
            .await
    }

    async fn renew_session(&self, session: SessionId, _now: Timestamp) -> StoreResult<bool> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                bury(&client).await?;
                let renewed = statement::execute(&client, "UPDATE sessions SET alive_until = clock_timestamp() + lease_ms * interval '1 millisecond'
                         WHERE number = $1 AND NOT dead",
                        &[&session.0],
                    )
                    .await?;
                Ok(renewed > 0)
            })
            .await
    }

    async fn close_session(&self, session: SessionId, now: Timestamp) -> StoreResult<()> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                self.in_doubt.resolve(&client).await?;
                let transaction = client.transaction().await?;
                statement::execute(
                    &transaction,
                    "UPDATE sessions SET dead = true WHERE number = $1",
                    &[&session.0],
                )
                .await?;
                statement::execute(
                    &transaction,
                    "UPDATE deliveries SET owner = NULL, state_at = $2 WHERE owner = $1",
                    &[&session.0, &now.unix_ms()],
                )
                .await?;
                Ok(transaction.commit().await?)
            })
            .await
    }

    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database
            .run(async || {
                let client = self.database.client().await?;
                bury(&client).await?;
                let released = statement::execute(&client, RECLAIM, &[&limit, &now.unix_ms()]).await?;
                Ok(usize::try_from(released).unwrap_or(usize::MAX))
            })
            .await
    }

    async fn check(&self) -> StoreResult<()> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                statement::execute(
                    &client,
                    "UPDATE write_checks SET made = made + 1 WHERE number = 1",
                    &[],
                )
                .await?;
                Ok(())
            })
            .await
    }
}

/// A dead session can still be writing its last deliveries, which then come to be owned by it after this: they are
/// found the next time, as its number is remembered.
const RECLAIM: &str = "
    UPDATE deliveries SET owner = NULL, state_at = $2
    FROM (
        SELECT account_id, id FROM deliveries
        WHERE owner IN (SELECT number FROM sessions WHERE dead)
        LIMIT $1 FOR UPDATE SKIP LOCKED
    ) AS left_behind
    WHERE deliveries.account_id = left_behind.account_id AND deliveries.id = left_behind.id";

/// Sessions whose time is up are dead for good, even if one of them called a moment later. Rows of such long past go.
async fn bury(client: &impl GenericClient) -> SqlResult<()> {
    statement::execute(
        client,
        "UPDATE sessions SET dead = true WHERE NOT dead AND alive_until <= clock_timestamp()",
        &[],
    )
    .await?;
    statement::execute(
        client,
        &format!(
            "DELETE FROM sessions WHERE dead AND alive_until < clock_timestamp() - interval '{DEAD_KEPT}'
                 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE owner = sessions.number)"
        ),
        &[],
    )
    .await?;
    Ok(())
}

/// Whether nobody declared the session dead so far: `SELECT 1 FROM sessions WHERE …` for use inside statements that
/// have the session's number as `$1`.
pub(crate) const IS_ALIVE: &str = "EXISTS (SELECT 1 FROM sessions WHERE number = $1 AND NOT dead)";
