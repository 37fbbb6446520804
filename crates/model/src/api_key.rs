//! Keys that open the API.

use crate::id::ApiKeyId;
use crate::time::Timestamp;

/// A key that opens the API. The key itself is shown once and never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// SHA-256 of the key's UTF-8 bytes. The key is 256 random bits or a secret the operator chose to be as
    /// strong, so a slow hash would add nothing.
    pub sha256: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
}
