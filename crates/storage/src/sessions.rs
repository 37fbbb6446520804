//! Node sessions: who owns deliveries.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::Timestamp;

use crate::error::StoreResult;

/// A run of a node, from its start to its end or to a missed renewal. Ids are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub i64);

/// Most sessions that [`SessionStore::sessions`] returns, the oldest first. PostgreSQL allows as many
/// connections by default, and every node needs several.
pub const LIVE_SESSIONS_MAX: usize = 100;

/// A session that is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    /// Which one.
    pub id: SessionId,
    /// When its lease ends unless renewed, by the store's clock where the store has one.
    pub alive_until: Timestamp,
}

/// The connections that a store on a database server has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConnections {
    /// Those that a verb uses now.
    pub in_use: usize,
    /// Those that wait for one.
    pub idle: usize,
    /// How many there can be.
    pub max: usize,
    /// Verbs that wait for a connection.
    pub waiting: usize,
    /// Whether the server can be used, as far as is known.
    pub is_up: bool,
}

/// Node sessions.
///
/// A store with a clock of its own (a database server) uses that clock; a store inside the process uses the
/// caller's `now`.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session that stays alive for `lease` after this and each renewal. A store that only one
    /// process can open declares every earlier session dead at once.
    async fn open_session(&self, lease: Duration, now: Timestamp) -> StoreResult<SessionId>;

    /// Extends the session's lease. False if the session is dead: the caller must stop attempting and open a
    /// new one.
    async fn renew_session(&self, session: SessionId, now: Timestamp) -> StoreResult<bool>;

    /// Ends the session in an orderly way: it is dead, and its deliveries wait, due at `now`.
    async fn close_session(&self, session: SessionId, now: Timestamp) -> StoreResult<()>;

    /// Returns deliveries owned by dead sessions to waiting, due at `now`: at most `limit` of them. Returns
    /// how many; fewer than `limit` means that none is left.
    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize>;

    /// The sessions whose lease has not run out, oldest first: at most [`LIVE_SESSIONS_MAX`].
    async fn sessions(&self, now: Timestamp) -> StoreResult<Vec<LiveSession>>;

    /// Whether the store responds and can write; used by `/readyz`.
    async fn check(&self) -> StoreResult<()>;

    /// The connections to the database server; `None` if the store is inside the process.
    fn server_connections(&self) -> Option<StoreConnections> {
        None
    }
}
