//! The JSON form of a signing key.

use postrider_model::{KeyAlgorithm, KeyMaterial, KeyStatus, SigningKey, SigningKeyId, Timestamp};
use postrider_signing::profile::public_key;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key that webhooks of an account, or of one action, are signed with.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyView {
    /// The key's id.
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    id: SigningKeyId,
    /// For HMAC, the secret to share with receivers: `whsec_` and base64. For Ed25519, the private key, which
    /// receivers must not have: `whsk_` and base64.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// The kind of the key.
    algorithm: KeyAlgorithmName,
    /// For Ed25519, the public key to give to receivers: `whpk_` and base64; otherwise null.
    #[schema(example = json!(null))]
    public_key: Option<String>,
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

/// The kind of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KeyAlgorithm)]
pub enum KeyAlgorithmName {
    /// Shared with receivers.
    Hmac,
    /// Receivers have the public key only.
    Ed25519,
}

impl KeyAlgorithmName {
    fn of(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Hmac => Self::Hmac,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
        }
    }

    pub(super) fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Hmac => KeyAlgorithm::Hmac,
            Self::Ed25519 => KeyAlgorithm::Ed25519,
        }
    }
}

impl SigningKeyView {
    pub(super) fn of(key: &SigningKey, now: Timestamp) -> Self {
        Self {
            id: key.id,
            secret: key.secret.expose(),
            algorithm: KeyAlgorithmName::of(key.secret.algorithm()),
            public_key: match &key.secret {
                KeyMaterial::Hmac(_) => None,
                KeyMaterial::Ed25519(secret) => Some(public_key(secret).to_string()),
            },
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
