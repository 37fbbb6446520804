//! API keys.

use crate::caller::{Permission, Permissions, Scope};
use crate::id::ApiKeyId;
use crate::time::Timestamp;

/// A key for the API. The key itself is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// The name for people.
    pub name: String,
    /// The first characters of the key, by which people recognise it. Empty for the operator's own key, which
    /// may be too short to give characters away.
    pub prefix: String,
    /// SHA-256 of the key's UTF-8 bytes. The key is 256 random bits, or a secret of the operator's that is
    /// hard to guess, so a slow hash would add nothing.
    pub sha256: [u8; 32],
    /// Whether it is the key that the operator configured with `POSTRIDER_ADMIN_KEY`. An installation has at
    /// most one.
    pub is_configured: bool,
    /// What its callers may do.
    pub permissions: Permissions,
    /// The accounts that exist for its callers.
    pub scope: Scope,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within a minute or so; `None` if never.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key is valid at this time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether the key administers the installation and never expires. An installation always has such a key,
    /// so that its operator is never locked out.
    pub fn is_permanent_admin(&self) -> bool {
        self.scope == Scope::All && self.permissions.contains(Permission::Admin) && self.expires_at.is_none()
    }
}
