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

/// The actor for a person whom the identity provider knows, but who gets no session: no other entry holds the
/// issuer and the subject, so the name does.
pub fn by_person(by: &By, person: &Person) -> By {
    let who = format!("{} at {}", subject(person), person.issuer);
    let name = match with_address(person) {
        Some(name) => format!("{name} ({who})"),
        None => joined(person, &who, ['(', ')']),
    };
    let actor = Actor {
        name: Some(name),
        ..Actor::UNKNOWN
    };
    By { actor, ..by.clone() }
}

/// What marks the parts of a person's name in the trail.
const MARKS: [char; 4] = ['<', '>', '(', ')'];

/// Longest part of it that the person may have chosen, in characters.
const NAME_CHARS_MAX: usize = 100;

/// The person's name with their address, or else with their subject. Only the part in brackets says who it
/// is: people choose their names, such as the name and address of somebody else.
fn named(person: &Person) -> String {
    with_address(person).unwrap_or_else(|| joined(person, &subject(person), ['(', ')']))
}

/// The subject with the marks percent-encoded: at some providers it is a user name that people choose.
fn subject(person: &Person) -> String {
    let encoded = |c: char| match MARKS.contains(&c) {
        true => format!("%{:02X}", u32::from(c)),
        false => c.to_string(),
    };
    person.subject.chars().map(encoded).collect()
}

/// The name and the address, if the provider has verified one.
fn with_address(person: &Person) -> Option<String> {
    let address = person.email.as_ref().filter(|address| !address.contains(MARKS))?;
    Some(joined(person, address, ['<', '>']))
}

/// The name, if it differs, and what says who it is in these marks.
fn joined(person: &Person, who: &str, [open, close]: [char; 2]) -> String {
    let name = if person.name == who { "" } else { &person.name };
    let name: String = name.replace(MARKS, "").chars().take(NAME_CHARS_MAX).collect();
    format!("{} {open}{who}{close}", name.trim())
        .trim_start()
        .to_owned()
}

fn permissions(grant: &Grant) -> Value {
    grant.permissions.named().map(|it| it.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_in_brackets_says_who_it_is_whatever_name_a_person_chose() {
        let known_as = |subject: &str, name, email| {
            let issuer = "https://id.example".to_owned();
            Person::new(issuer, subject.to_owned(), [name], email)
        };
        let person = |name, email| known_as("u1", name, email);
        let eve = known_as("x) <ada@example.com> (y", "Eve", None);
        assert_eq!(named(&eve), "Eve (x%29 %3Cada@example.com%3E %28y)");
        let long = "é".repeat(200);
        assert_eq!(named(&person(&long, None)).chars().count(), 100 + " (u1)".len());
        for (name, email, expected) in [
            (
                "Ada Admin",
                Some("ada@example.com"),
                "Ada Admin <ada@example.com>",
            ),
            (
                "Ada Admin <ada@example.com>",
                None,
                "Ada Admin ada@example.com (u1)",
            ),
            ("ada@example.com", None, "ada@example.com (u1)"),
            ("ada@example.com", Some("ada@example.com"), "<ada@example.com>"),
            ("<>", None, "(u1)"),
            ("Eve (u2) <", Some("eve@example.com"), "Eve u2 <eve@example.com>"),
            ("Eve", Some("\"x> (y\"@example.com"), "Eve (u1)"),
        ] {
            assert_eq!(named(&person(name, email)), expected);
        }
        for (name, email, expected) in [
            (
                "Eve (u2 at https://x.example)",
                None,
                "Eve u2 at https://x.example (u1 at https://id.example)",
            ),
            (
                "Eve",
                Some("eve@example.com"),
                "Eve <eve@example.com> (u1 at https://id.example)",
            ),
        ] {
            let refused = by_person(&By::NODE, &person(name, email));
            assert_eq!(refused.actor.name.as_deref(), Some(expected));
        }
    }
}
