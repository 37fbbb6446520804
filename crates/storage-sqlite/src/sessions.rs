//! Node sessions. Only one process can open the folder, so a new session is the only live one. A session is
//! alive exactly as long as it has a row.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::Timestamp;
use postrider_storage::{
    ChangeStore as _, LIVE_SESSIONS_MAX, LiveSession, SessionId, SessionStore, StoreResult,
};
use rusqlite::{Connection, OptionalExtension};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl SessionStore for SqliteStore {
    async fn open_session(&self, lease: Duration, now: Timestamp) -> StoreResult<SessionId> {
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let (is_alone, now) = (!self.is_shared(), self.lease_now(now));
        self.write(move |cx| {
            if is_alone {
                cx.conn.prepare_cached("DELETE FROM sessions")?.execute(())?;
            }
            let number = cx
                .conn
                .prepare_cached("INSERT INTO sessions (lease_ms, alive_until) VALUES (?1, ?2)")?
                .insert((lease_ms, now.after(lease).unix_ms()))?;
            Ok(SessionId(number))
        })
        .await
    }

    async fn renew_session(&self, session: SessionId, now: Timestamp) -> StoreResult<bool> {
        let now = self.lease_now(now);
        self.write(move |cx| renew(cx.conn, session, now)).await
    }

    async fn close_session(&self, session: SessionId, now: Timestamp) -> StoreResult<()> {
        self.write(move |cx| {
            cx.conn
                .prepare_cached("DELETE FROM sessions WHERE number = ?1")?
                .execute((session.0,))?;
            release(cx.conn, session, now, usize::MAX)?;
            Ok(())
        })
        .await
    }

    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize> {
        let now = self.lease_now(now);
        self.write(move |cx| reclaim(cx.conn, now, limit)).await
    }

    async fn sessions(&self, now: Timestamp) -> StoreResult<Vec<LiveSession>> {
        let now = self.lease_now(now);
        self.read(move |conn| live(conn, now)).await
    }

    async fn check(&self) -> StoreResult<()> {
        self.room().await?;
        self.write(|cx| {
            cx.conn
                .prepare_cached("UPDATE write_checks SET made = made + 1 WHERE number = 1")?
                .execute(())?;
            Ok(())
        })
        .await
    }
}

fn live(conn: &Connection, now: Timestamp) -> SqlResult<Vec<LiveSession>> {
    let mut statement = conn.prepare_cached(
        "SELECT number, alive_until FROM sessions WHERE alive_until > ?1 ORDER BY number LIMIT ?2",
    )?;
    let limit = i64::try_from(LIVE_SESSIONS_MAX).unwrap_or(i64::MAX);
    let sessions = statement.query_map((now.unix_ms(), limit), |row| {
        Ok(LiveSession {
            id: SessionId(row.get(0)?),
            alive_until: Timestamp::from_unix_ms(row.get(1)?),
        })
    })?;
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// Whether the session has not been declared dead so far. Verbs that have no time use this.
pub(crate) fn has_row(conn: &Connection, session: SessionId) -> SqlResult<bool> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM sessions WHERE number = ?1")?;
    Ok(statement.exists((session.0,))?)
}

/// Whether the session is alive at `now`.
pub(crate) fn is_alive(conn: &Connection, session: SessionId, now: Timestamp) -> SqlResult<bool> {
    let mut statement =
        conn.prepare_cached("SELECT 1 FROM sessions WHERE number = ?1 AND alive_until > ?2")?;
    Ok(statement.exists((session.0, now.unix_ms()))?)
}

fn renew(conn: &Connection, session: SessionId, now: Timestamp) -> SqlResult<bool> {
    if !is_alive(conn, session, now)? {
        bury(conn, now)?;
        return Ok(false);
    }
    conn.prepare_cached(
        "UPDATE sessions SET alive_until = CASE WHEN lease_ms > 9223372036854775807 - ?2 THEN 9223372036854775807
                                                ELSE ?2 + lease_ms END
         WHERE number = ?1",
    )?
    .execute((session.0, now.unix_ms()))?;
    Ok(true)
}

/// Deletes sessions whose lease ran out: they stay dead, even if one of them renews a moment later.
fn bury(conn: &Connection, now: Timestamp) -> SqlResult<()> {
    conn.prepare_cached("DELETE FROM sessions WHERE alive_until <= ?1")?
        .execute((now.unix_ms(),))?;
    Ok(())
}

fn reclaim(conn: &Connection, now: Timestamp, limit: usize) -> SqlResult<usize> {
    bury(conn, now)?;
    let mut released = 0;
    let mut last = i64::MIN;
    while released < limit
        && let Some(owner) = next_owner(conn, last)?
    {
        if !has_row(conn, owner)? {
            released += release(conn, owner, now, limit - released)?;
        }
        last = owner.0;
    }
    Ok(released)
}

pub(crate) const NEXT_OWNER: &str = "SELECT owner FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner > ?1 ORDER BY owner LIMIT 1";

/// The next session with a number above `last` that owns a delivery, alive or dead: one index lookup.
pub(crate) fn next_owner(conn: &Connection, last: i64) -> SqlResult<Option<SessionId>> {
    let owner = conn
        .prepare_cached(NEXT_OWNER)?
        .query_row((last,), |row| row.get(0))
        .optional()?;
    Ok(owner.map(SessionId))
}

pub(crate) const OWNED: &str = "SELECT id FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner = ?1 LIMIT ?2";

/// Returns deliveries of one owner to waiting, due at `now`: at most `limit` of them.
fn release(conn: &Connection, owner: SessionId, now: Timestamp, limit: usize) -> SqlResult<usize> {
    let owned: Vec<[u8; 16]> = conn
        .prepare_cached(OWNED)?
        .query_map((owner.0, i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    let mut update =
        conn.prepare_cached("UPDATE deliveries SET owner = NULL, state_at = ?2 WHERE id = ?1")?;
    for id in &owned {
        update.execute((id, now.unix_ms()))?;
    }
    Ok(owned.len())
}
