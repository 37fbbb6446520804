//! The JSON form of a signing key.

use postrider_model::{KeyStatus, SigningKey, SigningKeyId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A key that an account's webhooks are signed with.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyView {
    /// The key's id.
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    id: SigningKeyId,
    /// The secret to share with receivers: `whsec_` and base64.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// Whether the key signs webhooks.
    status: SigningKeyStatus,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the key stops signing; null for the current key.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-02-01T09:30:00.000Z")]
    expires_at: Option<Timestamp>,
}

/// Whether a key signs webhooks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SigningKeyStatus {
    /// The newest key: it signs, and does not expire.
    Current,
    /// It signs beside the current key until `expires_at`.
    Overlapping,
    /// It no longer signs.
    Expired,
}

impl SigningKeyView {
    pub(super) fn of(key: &SigningKey, now: Timestamp) -> Self {
        Self {
            id: key.id,
            secret: key.secret.expose().to_owned(),
            status: match key.status(now) {
                KeyStatus::Current => SigningKeyStatus::Current,
                KeyStatus::Overlapping => SigningKeyStatus::Overlapping,
                KeyStatus::Expired => SigningKeyStatus::Expired,
            },
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}
