//! Grants: links and sessions, which let a person into the console without an API key.

use std::sync::Arc;

use crate::caller::{Permissions, Scope};
use crate::id::{ApiKeyId, GrantId};
use crate::person::Person;
use crate::time::Timestamp;

/// What a token permits until it expires. The token itself is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The grant's id, by which people list and revoke it.
    pub id: GrantId,
    /// SHA-256 of the token's UTF-8 bytes. A token has 256 random bits, so a slow hash would add nothing.
    pub sha256: [u8; 32],
    /// What the token does.
    pub kind: GrantKind,
    /// The accounts that exist for its visitors: one for customers, all for the operator's staff.
    pub scope: Scope,
    /// What its visitors may do.
    pub permissions: Permissions,
    /// The theme that the surrounding page asks for; `None` follows the visitor's own system.
    pub theme: Option<Theme>,
    /// The API key that created the link, or that began the session. The grant ends with the key.
    pub api_key: Option<ApiKeyId>,
    /// The portal link that began the session. The session ends with the link.
    pub link: Option<GrantId>,
    /// The person of the staff who signed in through an identity provider, for the sessions of such people.
    pub person: Option<Arc<Person>>,
    /// When the grant was created.
    pub created_at: Timestamp,
    /// When the grant expires.
    pub expires_at: Timestamp,
}

/// What a token does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum GrantKind {
    /// Begins one session, which uses it up.
    OneTimeLink = 0,
    /// Begins sessions in one account, until it expires.
    PortalLink = 1,
    /// Identifies the visitor with each request.
    Session = 2,
}

impl GrantKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::OneTimeLink, Self::PortalLink, Self::Session];

    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneTimeLink => "one_time_link",
            Self::PortalLink => "portal_link",
            Self::Session => "session",
        }
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// How the console looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Theme {
    /// Dark on light.
    Light = 0,
    /// Light on dark.
    Dark = 1,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The theme's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The theme that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The theme of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_survive_a_round_trip() {
        for kind in GrantKind::ALL {
            assert_eq!(GrantKind::from_code(kind.code()), Some(kind));
        }
        for theme in Theme::ALL {
            assert_eq!(Theme::from_code(theme.code()), Some(theme));
            assert_eq!(Theme::from_name(theme.as_str()), Some(theme));
        }
        assert_eq!(
            (GrantKind::from_code(3), Theme::from_code(2), Theme::from_name("")),
            (None, None, None)
        );
    }
}
