//! Who did something, for the audit trail: callers with the names that they have at this moment.

use std::net::IpAddr;

use postrider_model::{Actor, AuditAction, AuditEntry, By, Caller, Grant, GrantKind, Scope, Target, Who};
use postrider_storage::rules::audit::details;
use serde_json::{Value, json};

use crate::access::Access;

impl Access {
    /// What the audit trail says of this caller and its request.
    pub fn by(&self, caller: &Caller, client: Option<IpAddr>, request_id: Option<String>) -> By {
        let is_staff = caller.scope == Scope::All;
        let actor = match caller.who {
            Who::ApiKey(id) => Actor::api_key(id, self.held.name(id), is_staff),
            // The key of a customer's session is that of whoever created the link.
            Who::Session { id, api_key } => {
                let name = api_key.filter(|_| is_staff).and_then(|key| self.held.name(key));
                Actor::session(id, name, is_staff)
            }
        };
        By {
            actor,
            client,
            request_id,
        }
    }

    /// The entry that says that `by` did this now.
    pub(crate) fn did(&self, by: &By, action: AuditAction, scope: Scope, target: Target) -> AuditEntry {
        by.did(self.ids.audit(self.now()), action, scope.account(), target)
    }

    /// The entry of a session that begins. Its actor is the session; `by` says from where.
    pub(crate) fn session_begins(&self, by: &By, session: &Grant) -> AuditEntry {
        let is_staff = session.scope == Scope::All;
        let name = session
            .api_key
            .filter(|_| session.link.is_none())
            .and_then(|key| self.held.name(key));
        let by = By {
            actor: Actor::session(session.id, name, is_staff),
            ..by.clone()
        };
        // The key of a link is the staff's, and the account's own people read this.
        let api_key = session.api_key.filter(|_| session.link.is_none());
        let shown = json!({
            "api_key": api_key.map(|id| id.to_string()),
            "portal_link": session.link.map(|id| id.to_string()),
            "permissions": permissions(session),
            "expires_at": session.expires_at,
        });
        self.did(
            &by,
            AuditAction::SessionBegun,
            session.scope,
            Target::of(session.id),
        )
        .with_details(Some(details(&shown)))
    }

    /// The entry of a link that is created.
    pub(crate) fn link_created(&self, by: &By, link: &Grant) -> AuditEntry {
        let action = match link.kind {
            GrantKind::OneTimeLink => AuditAction::SignInLinkCreated,
            GrantKind::PortalLink | GrantKind::Session => AuditAction::PortalLinkCreated,
        };
        let shown = json!({ "permissions": permissions(link), "expires_at": link.expires_at });
        self.did(by, action, link.scope, Target::of(link.id))
            .with_details(Some(details(&json!({ "after": shown }))))
    }
}

fn permissions(grant: &Grant) -> Value {
    grant.permissions.named().map(|it| it.as_str()).collect()
}
