//! Grants for the console: portal links and sessions, stored by the hash of their token.

use async_trait::async_trait;
use postrider_model::{AuditEntry, Grant, GrantId, GrantKind, Scope, Timestamp};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// Most expired grants that adding one grant removes. More than one, so that they cannot pile up; few enough
/// that signing in is not delayed.
pub const EXPIRED_GRANTS_REMOVED_MAX: usize = 100;

/// Most portal links of an account at the same time: one for each visit of a busy hour.
pub const PORTAL_LINKS_MAX: usize = 10_000;

/// The result of adding a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutGrant {
    /// The grant is stored.
    Put,
    /// Its account, API key or link no longer exists.
    Gone,
    /// It is a portal link, and its account has [`PORTAL_LINKS_MAX`].
    TooMany,
}

/// Bounds on the sessions that one portal link, one API key or one person begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Most sessions at the same time. A further one ends the oldest.
    pub live_max: usize,
    /// Most sessions that begin within a minute, if that is bounded. Further ones are refused.
    pub per_minute_max: Option<usize>,
}

/// Which sessions of the operator's staff the settings permit. Sessions of one-time links always are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermittedSessions {
    /// The issuer whose people sign in; `None` if people sign in with API keys only.
    pub issuer: Option<String>,
    /// Whether sessions begin with an API key.
    pub by_key: bool,
}

/// The result of beginning a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginSession {
    /// The session is stored.
    Begun,
    /// The link was revoked or has expired, or the API key was deleted.
    OriginGone,
    /// The link has begun [`SessionLimits::per_minute_max`] sessions in the last minute.
    TooMany,
}

/// Which grants a list holds: those of a kind, in this scope. [`Scope::All`] means the grants of the
/// operator's staff, which belong to no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantFilter {
    /// The kind.
    pub kind: GrantKind,
    /// The scope.
    pub scope: Scope,
}

/// Grants for the console. Deleting an account, an API key or a link also deletes its grants.
#[async_trait]
pub trait ConsoleStore: Send + Sync {
    /// Adds a grant, whose id and hash are new. Nothing is written unless the result is [`PutGrant::Put`].
    ///
    /// It also removes grants that had expired by `grant.created_at`, at most [`EXPIRED_GRANTS_REMOVED_MAX`].
    async fn put_grant(&self, grant: Grant, audit: AuditEntry) -> StoreResult<PutGrant>;

    /// Adds a session within the limits on its origin, even if other processes begin sessions at the same
    /// moment. The origin is `session.link` or, without one, `session.api_key` or, without that,
    /// `session.person`. `session.created_at` is now. The oldest sessions of the origin end if there are too
    /// many: the store adds their ids to the audit entry by [`crate::rules::audit::session_begun`].
    async fn begin_session(
        &self,
        session: Grant,
        limits: SessionLimits,
        audit: AuditEntry,
    ) -> StoreResult<BeginSession>;

    /// The grant with this hash, unless it has expired by `now`.
    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>>;

    /// A page of grants, without those that have expired by `now`.
    async fn grants(
        &self,
        filter: GrantFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> StoreResult<Page<Grant>>;

    /// Removes the grant with this hash and returns it, unless it has expired by `now`. Of several concurrent
    /// callers, in any process, only one gets it.
    async fn take_grant(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<Option<Grant>>;

    /// Removes the grant with this id, if the filter covers it, and the sessions that it began. False if
    /// there was none.
    async fn delete_grant(&self, filter: GrantFilter, id: GrantId, audit: AuditEntry) -> StoreResult<bool>;

    /// Removes all grants that the filter covers, and returns their number.
    async fn delete_grants(&self, filter: GrantFilter, audit: AuditEntry) -> StoreResult<u64>;

    /// Removes the sessions that began without a portal link and that are not permitted, and returns their
    /// number.
    async fn keep_sessions(&self, permitted: PermittedSessions, audit: AuditEntry) -> StoreResult<u64>;
}
