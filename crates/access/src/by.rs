//! Who did something, for the audit trail: callers with the names that they have at this moment.

use std::net::IpAddr;

use postrider_model::{
    Actor, AuditAction, AuditEntry, By, Caller, Grant, GrantKind, Person, Scope, Target, Who,
};
use postrider_storage::rules::audit::details;
use serde_json::{Value, json};

use crate::access::Access;

impl Access {
    /// What the audit trail says of this caller and its request. `person`: who is signed in, if it is a
    /// person of an identity provider.
    pub fn by(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        client: Option<IpAddr>,
        request_id: Option<String>,
    ) -> By {
        let is_staff = caller.scope == Scope::All;
        let actor = match caller.who {
            Who::ApiKey(id) => Actor::api_key(id, self.held.name(id), is_staff),
            // The key of a customer's session belongs to the staff, who created the link.
            Who::Session { id, api_key } => {
                let key = api_key.filter(|_| is_staff);
                let name = person
                    .map(named)
                    .or_else(|| key.and_then(|key| self.held.name(key)));
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
        let key = session.api_key.filter(|_| session.link.is_none());
        let person = session.person.as_deref();
        let name = person
            .map(named)
            .or_else(|| key.and_then(|key| self.held.name(key)));
        let by = By {
            actor: Actor::session(session.id, name, is_staff),
            ..by.clone()
        };
        // The key of a link is the staff's, and the account's own people read this.
        let shown = json!({
            "api_key": key.map(|id| id.to_string()),
            "person": person.map(|person| json!({ "issuer": person.issuer, "subject": person.subject })),
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

/// The actor for a person whom the identity provider knows, but who gets no session.
pub fn by_person(by: &By, person: &Person) -> By {
    let actor = Actor {
        name: Some(named(person)),
        ..Actor::UNKNOWN
    };
    By { actor, ..by.clone() }
}

/// The person's name and e-mail address. The subject is in the entry of the sign-in.
fn named(person: &Person) -> String {
    match &person.email {
        Some(email) if *email != person.name => format!("{} <{email}>", person.name),
        _ => person.name.clone(),
    }
}

fn permissions(grant: &Grant) -> Value {
    grant.permissions.named().map(|it| it.as_str()).collect()
}
