//! Sessions of the console, listed and ended. [`Scope::All`] names those of the operator's staff, an account
//! those of its portal links.

use postrider_model::{AuditAction, By, Grant, GrantId, GrantKind, Scope, Target};
use postrider_storage::{GrantFilter, Page, PageRequest, PermittedSessions, StoreResult};

use crate::access::Access;
use crate::token::{SESSION_PREFIX, token_sha256};

impl Access {
    /// A page of the sessions, newest first.
    pub async fn sessions(&self, scope: Scope, page: PageRequest) -> StoreResult<Page<Grant>> {
        self.store.grants(sessions_of(scope), self.now(), page).await
    }

    /// Ends a session. Returns false if there is none of this id in this scope.
    pub async fn end_session(&self, by: &By, scope: Scope, id: GrantId) -> StoreResult<bool> {
        let audit = self.did(by, AuditAction::SessionEnded, scope, Target::of(id));
        self.store.delete_grant(sessions_of(scope), id, audit).await
    }

    /// Ends all sessions, and returns their number. Links stay, and can begin new ones.
    pub async fn end_sessions(&self, by: &By, scope: Scope) -> StoreResult<u64> {
        let audit = self.did(by, AuditAction::SessionsEnded, scope, Target::default());
        self.store.delete_grants(sessions_of(scope), audit).await
    }

    /// Ends the session of this token, and returns it. `None` if there is none. The actor in the audit trail
    /// is the session; `by` says from where.
    pub async fn sign_out(&self, by: &By, token: &str) -> StoreResult<Option<Grant>> {
        let (Some(sha256), Some(session)) = (token_sha256(token, SESSION_PREFIX), self.session(token).await?)
        else {
            return Ok(None);
        };
        let by = self.by(
            &session.caller,
            session.person.as_deref(),
            by.client,
            by.request_id.clone(),
        );
        let scope = session.caller.scope;
        let audit = self.did(&by, AuditAction::SessionEnded, scope, Target::of(session.id));
        self.store.take_grant(&sha256, self.now(), audit).await
    }

    /// Ends the staff's sessions that the settings no longer permit, and returns their number.
    pub async fn keep_sessions(&self, permitted: PermittedSessions) -> StoreResult<u64> {
        let audit = self.did(
            &By::COMMAND_LINE,
            AuditAction::SessionsEnded,
            Scope::All,
            Target::default(),
        );
        self.store.keep_sessions(permitted, audit).await
    }
}

fn sessions_of(scope: Scope) -> GrantFilter {
    GrantFilter {
        kind: GrantKind::Session,
        scope,
    }
}
