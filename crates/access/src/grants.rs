//! Fresh grants: a token that is shown once, and what the store keeps of it.

use postrider_model::{ApiKeyId, Grant, GrantKind, Permissions, Scope, Theme, Timestamp};

use crate::access::Access;
use crate::token::{LINK_PREFIX, SESSION_PREFIX, ShownToken};

/// What a grant gives, and the API key that it ends with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rights {
    pub(crate) scope: Scope,
    pub(crate) permissions: Permissions,
    pub(crate) theme: Option<Theme>,
    pub(crate) api_key: Option<ApiKeyId>,
}

impl Rights {
    /// What a link gives to the sessions that it begins.
    pub(crate) fn of(link: &Grant) -> Self {
        Self {
            scope: link.scope,
            permissions: link.permissions,
            theme: link.theme,
            api_key: link.api_key,
        }
    }
}

impl Access {
    /// A fresh token, and its grant, which is not stored yet.
    pub(crate) fn draw(&self, kind: GrantKind, rights: Rights, expires_at: Timestamp) -> (ShownToken, Grant) {
        let prefix = match kind {
            GrantKind::OneTimeLink | GrantKind::PortalLink => LINK_PREFIX,
            GrantKind::Session => SESSION_PREFIX,
        };
        let now = self.now();
        let token = ShownToken::from_random(prefix, self.entropy.bytes());
        let grant = Grant {
            id: self.ids.grant(now),
            sha256: token.sha256(),
            kind,
            scope: rights.scope,
            permissions: rights.permissions,
            theme: rights.theme,
            api_key: rights.api_key,
            link: None,
            person: None,
            created_at: now,
            expires_at,
        };
        (token, grant)
    }
}
