//! Sessions of the console, listed and ended. [`Scope::All`] names those of the operator's staff, an account
//! those of its portal links.

use postrider_model::{Grant, GrantId, GrantKind, Scope};
use postrider_storage::{GrantFilter, Page, PageRequest, PermittedSessions, StoreResult};

use crate::access::Access;
use crate::token::{SESSION_PREFIX, token_sha256};

impl Access {
    /// A page of the sessions, newest first.
    pub async fn sessions(&self, scope: Scope, page: PageRequest) -> StoreResult<Page<Grant>> {
        self.store.grants(sessions_of(scope), self.now(), page).await
    }

    /// Ends a session. Returns false if there is none of this id in this scope.
    pub async fn end_session(&self, scope: Scope, id: GrantId) -> StoreResult<bool> {
        self.store.delete_grant(sessions_of(scope), id).await
    }

    /// Ends all sessions, and returns their number. Links stay, and can begin new ones.
    pub async fn end_sessions(&self, scope: Scope) -> StoreResult<u64> {
        self.store.delete_grants(sessions_of(scope)).await
    }

    /// Ends the session of this token, and returns it. `None` if there is none.
    pub async fn sign_out(&self, token: &str) -> StoreResult<Option<Grant>> {
        match token_sha256(token, SESSION_PREFIX) {
            Some(sha256) => self.store.take_grant(&sha256, self.now()).await,
            None => Ok(None),
        }
    }

    /// Ends the staff's sessions that the settings no longer permit, and returns their number.
    pub async fn keep_sessions(&self, permitted: PermittedSessions) -> StoreResult<u64> {
        self.store.keep_sessions(permitted).await
    }
}

fn sessions_of(scope: Scope) -> GrantFilter {
    GrantFilter {
        kind: GrantKind::Session,
        scope,
    }
}
