//! Node sessions: who owns deliveries.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::Timestamp;

use crate::error::StoreResult;

/// A run of a node, from its start to its end or to its missing a renewal. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub i64);

/// Most sessions that [`SessionStore::sessions`] tells of, those that began first: as many as the connections
/// that PostgreSQL allows unless told otherwise, of which every node needs several.
pub const LIVE_SESSIONS_MAX: usize = 100;

/// A session that is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSession {
    /// Which one.
    pub id: SessionId,
    /// When its lease ends unless it is renewed before, by the store's clock where it has one.
    pub alive_until: Timestamp,
}

/// Node sessions.
///
/// Times come from the store where it has a clock of its own (a database server); a store inside the process
/// takes the caller's `now`.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Begins a session that stays alive for `lease` after this and each renewal. A store that only one
    /// process can open declares every earlier session dead at once.
    async fn open_session(&self, lease: Duration, now: Timestamp) -> StoreResult<SessionId>;

    /// Prolongs the session. False where it is dead: it must stop attempting, and open a new one.
    async fn renew_session(&self, session: SessionId, now: Timestamp) -> StoreResult<bool>;

    /// Ends the session in good order: it is dead, and its deliveries wait, due at `now`.
    async fn close_session(&self, session: SessionId, now: Timestamp) -> StoreResult<()>;

    /// Makes deliveries owned by dead sessions wait, due at `now`: at most `limit` of them. Returns how many;
    /// fewer than `limit` means that none is left.
    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize>;

    /// The sessions whose lease holds, those that began first at the front: at most [`LIVE_SESSIONS_MAX`].
    async fn sessions(&self, now: Timestamp) -> StoreResult<Vec<LiveSession>>;

    /// Whether the store answers and can write: for `/readyz`.
    async fn check(&self) -> StoreResult<()>;
}
