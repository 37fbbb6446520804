//! API keys.

use crate::id::ApiKeyId;
use crate::time::Timestamp;

/// A key for the API. The key itself is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// The name for people.
    pub name: String,
    /// SHA-256 of the key's UTF-8 bytes. The key is 256 random bits, or a secret of equal strength that the
    /// operator chose, so a slow hash would add nothing.
    pub sha256: [u8; 32],
    /// Whether it is the key that the operator configured with `POSTRIDER_ADMIN_KEY`. An installation has at
    /// most one.
    pub is_configured: bool,
    /// When it was created.
    pub created_at: Timestamp,
}
