//! The audit trail: who did what, to what, from where.
//!
//! An entry is readable for ever: it holds names as they were, and refers to nothing that can be deleted.

use std::fmt;
use std::net::IpAddr;

use crate::id::{AccountId, ApiKeyId, AuditId, GrantId};
use crate::time::Timestamp;

/// Longest [`AuditEntry::details`], in bytes. Longer values are cut, and say so.
pub const DETAILS_BYTES_MAX: usize = 16 * 1024;

/// One entry of the audit trail. It is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id, which begins with its time.
    pub id: AuditId,
    /// The account that it concerns; `None` if it concerns the installation. The account may be deleted.
    pub account: Option<AccountId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to.
    pub target: Target,
    /// More about it: a JSON object of at most [`DETAILS_BYTES_MAX`], without secrets. An update has the
    /// members that it changed as `before` and `after`.
    pub details: Option<String>,
    /// The address of the client; `None` for what no request set off.
    pub client: Option<IpAddr>,
    /// The id of the request.
    pub request_id: Option<String>,
}

impl AuditEntry {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.id.time()
    }

    /// The entry with these details.
    #[must_use]
    pub fn with_details(self, details: Option<String>) -> Self {
        Self { details, ..self }
    }
}

/// What an entry was done to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Its id, or the name of an event type; `None` if there are several targets, or the target has no id.
    pub id: Option<String>,
    /// Its name at the time.
    pub name: Option<String>,
}

impl Target {
    /// Something with an id and a name.
    pub fn named(id: impl fmt::Display, name: impl Into<String>) -> Self {
        Self {
            id: Some(id.to_string()),
            name: Some(name.into()),
        }
    }

    /// Something with an id only.
    pub fn of(id: impl fmt::Display) -> Self {
        Self {
            id: Some(id.to_string()),
            name: None,
        }
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor it is.
    pub kind: ActorKind,
    /// The id of the key, session or link.
    pub id: Option<String>,
    /// The name at the time: that of the API key, also for a session that began with it.
    pub name: Option<String>,
    /// Whether it acted for the whole installation rather than for one account. Customers do not learn which
    /// member of the staff it was.
    pub is_staff: bool,
}

impl Actor {
    /// A node, by itself.
    pub const NODE: Self = Self::without_id(ActorKind::Node, false);

    /// Somebody without a valid key or session.
    pub const UNKNOWN: Self = Self::without_id(ActorKind::Unknown, false);

    /// The operator, through the settings or a command.
    pub const COMMAND_LINE: Self = Self::without_id(ActorKind::CommandLine, true);

    const fn without_id(kind: ActorKind, is_staff: bool) -> Self {
        Self {
            kind,
            id: None,
            name: None,
            is_staff,
        }
    }

    /// A program with this API key.
    pub fn api_key(id: ApiKeyId, name: Option<String>, is_staff: bool) -> Self {
        Self {
            kind: ActorKind::ApiKey,
            id: Some(id.to_string()),
            name,
            is_staff,
        }
    }

    /// A person in this session. `name`: the person's, or that of the API key that the session began with.
    pub fn session(id: GrantId, name: Option<String>, is_staff: bool) -> Self {
        Self {
            kind: ActorKind::Session,
            id: Some(id.to_string()),
            name,
            is_staff,
        }
    }
}

/// Who did something, and from where: what the edge knows of a request, for the entries that it sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl By {
    /// Something that a node does by itself.
    pub const NODE: Self = Self::without_request(Actor::NODE);

    /// Something that the command line or a setting asks for.
    pub const COMMAND_LINE: Self = Self::without_request(Actor::COMMAND_LINE);

    const fn without_request(actor: Actor) -> Self {
        Self {
            actor,
            client: None,
            request_id: None,
        }
    }

    /// The entry that says that it did this. The id has to be fresh: its time is the entry's time.
    pub fn did(
        &self,
        id: AuditId,
        action: AuditAction,
        account: Option<AccountId>,
        target: Target,
    ) -> AuditEntry {
        AuditEntry {
            id,
            account,
            actor: self.actor.clone(),
            action,
            target,
            details: None,
            client: self.client,
            request_id: self.request_id.clone(),
        }
    }
}

/// An enum whose variants have names, which stores, API and docs show.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $words:literal])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $words])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// What it means, for people.
            pub fn words(self) -> &'static str {
                let words = match self {
                    $(Self::$variant => concat!($($words),*),)*
                };
                words.trim_start()
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == name)
            }
        }
    };
}

named! {
    /// What kind of actor it is.
    ActorKind {
        /// A program with an API key.
        ApiKey = "api_key",
        /// A person in a session of the console.
        Session = "session",
        /// A sign-in link or a portal link.
        Link = "link",
        /// A command, or a setting of the server.
        CommandLine = "command_line",
        /// A node of Postrider, by itself.
        Node = "node",
        /// The operator's staff, as readers of one account see them. Never stored.
        Staff = "staff",
        /// Somebody without a valid key, link or session.
        Unknown = "unknown",
    }
}

named! {
    /// What was done. The part before the dot is the kind of the target.
    AuditAction {
        /// An account was created.
        AccountCreated = "account.created",
        /// An account was updated.
        AccountUpdated = "account.updated",
        /// An account was deleted.
        AccountDeleted = "account.deleted",
        /// An automation was created.
        AutomationCreated = "automation.created",
        /// An automation was updated, or switched on or off.
        AutomationUpdated = "automation.updated",
        /// An automation was deleted.
        AutomationDeleted = "automation.deleted",
        /// A test event was sent to an automation.
        AutomationTested = "automation.tested",
        /// Events that an automation had missed were sent to it.
        AutomationMissedSent = "automation.missed_sent",
        /// An event was canceled before its first attempt.
        EventCanceled = "event.canceled",
        /// Postrider switched an action off, because its receiver responded 410 Gone.
        ActionDisabled = "action.disabled",
        /// The signing key was rotated.
        SigningKeyRotated = "signing_key.rotated",
        /// The secrets of signing keys were shown.
        SigningKeyRevealed = "signing_key.revealed",
        /// An event type was created.
        EventTypeCreated = "event_type.created",
        /// An event type was replaced.
        EventTypeUpdated = "event_type.updated",
        /// An event type was deleted.
        EventTypeDeleted = "event_type.deleted",
        /// An API key was created, and shown once.
        ApiKeyCreated = "api_key.created",
        /// An API key was deleted, with its links and sessions.
        ApiKeyDeleted = "api_key.deleted",
        /// The API key in the settings of the server was set or replaced.
        ApiKeyConfigured = "api_key.configured",
        /// A portal link was created, and shown once.
        PortalLinkCreated = "portal_link.created",
        /// A portal link was revoked, with its sessions.
        PortalLinkRevoked = "portal_link.revoked",
        /// A one-time sign-in link for the staff was created.
        SignInLinkCreated = "sign_in_link.created",
        /// A one-time sign-in link was used up.
        SignInLinkUsed = "sign_in_link.used",
        /// Somebody signed in to the console.
        SessionBegun = "session.begun",
        /// A session was ended, or somebody signed out.
        SessionEnded = "session.ended",
        /// All sessions were ended.
        SessionsEnded = "sessions.ended",
        /// Somebody failed to sign in.
        SessionRefused = "session.refused",
        /// A delivery was resent.
        DeliveryResent = "delivery.resent",
        /// Deliveries that match a filter were replayed.
        DeliveriesReplayed = "deliveries.replayed",
        /// Pending deliveries that match a filter were canceled.
        DeliveriesCanceled = "deliveries.canceled",
        /// The master key was rotated.
        MasterKeyRotated = "master_key.rotated",
        /// A request was refused: its caller was unknown, or may not do this.
        RequestRefused = "request.refused",
        /// Something that only a newer version of Postrider knows. Never stored.
        Unknown = "unknown",
    }
}

impl AuditAction {
    /// All that a store keeps, so that a list can ask for them.
    pub fn stored() -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|action| *action != Self::Unknown)
    }

    /// The kind of its target: `automation` for `automation.updated`.
    pub fn target_kind(self) -> &'static str {
        let name = self.as_str();
        name.split_once('.').map_or(name, |(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_survive_a_round_trip() {
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::from_name(action.as_str()), Some(*action));
            assert!(!action.words().is_empty() && !action.target_kind().contains('.'));
        }
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::from_name(kind.as_str()), Some(*kind));
        }
        assert_eq!(AuditAction::from_name("automation"), None);
    }

    #[test]
    fn an_entry_has_the_time_of_its_id() {
        let now = Timestamp::from_unix_ms(1_768_435_200_123);
        let id = crate::IdGenerator::new(7).audit(now);
        let entry = By::NODE.did(id, AuditAction::AccountCreated, None, Target::default());
        assert_eq!(entry.at(), now);
        assert!(
            id >= AuditId::first_at(now)
                && id < AuditId::first_at(Timestamp::from_unix_ms(now.unix_ms() + 1))
        );
    }
}
