//! The members of a webhook action that say how its requests are signed.

use postrider_configuration::SigningKeyDraft;
use postrider_model::{KeyAlgorithm, WebhookSignature};
use postrider_signing::profile::HeaderOutline;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which keys sign the webhooks of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SigningKeyChoice {
    /// The account's signing keys.
    Account,
    /// Keys of the action alone, for HMAC: `whsec_…`.
    OwnHmac,
    /// Keys of the action alone, for Ed25519: `whsk_…`, whose public key `whpk_…` the receiver has.
    OwnEd25519,
}

impl SigningKeyChoice {
    pub(super) fn of(draft: SigningKeyDraft) -> Self {
        match draft {
            SigningKeyDraft::Account => Self::Account,
            SigningKeyDraft::Own(KeyAlgorithm::Hmac) => Self::OwnHmac,
            SigningKeyDraft::Own(KeyAlgorithm::Ed25519) => Self::OwnEd25519,
        }
    }

    pub(super) fn of_stored(signature: &WebhookSignature) -> Self {
        let own = signature.own_algorithm();
        Self::of(own.map_or(SigningKeyDraft::Account, SigningKeyDraft::Own))
    }

    pub(super) fn draft(self) -> SigningKeyDraft {
        match self {
            Self::Account => SigningKeyDraft::Account,
            Self::OwnHmac => SigningKeyDraft::Own(KeyAlgorithm::Hmac),
            Self::OwnEd25519 => SigningKeyDraft::Own(KeyAlgorithm::Ed25519),
        }
    }
}

/// A header that signs a webhook, or that a signature covers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignatureHeader)]
pub struct SignatureHeaderView {
    /// Its name.
    #[schema(example = "Stripe-Signature")]
    name: String,
    /// Its value: text with `{id}` (the event's id), `{timestamp}` (when the attempt starts, in Unix
    /// seconds), and `{hex}` or `{base64}` (the signature).
    #[schema(example = "t={timestamp},v1={hex}")]
    value: String,
    /// What the signature covers: text with `{id}`, `{timestamp}` and `{body}`; null if the header holds no
    /// signature.
    #[schema(example = "{timestamp}.{body}")]
    signed: Option<String>,
    /// How the signature is computed, such as `HMAC-SHA256`; null if the header holds no signature.
    #[schema(example = "HMAC-SHA256")]
    digest: Option<&'static str>,
}

impl SignatureHeaderView {
    /// The headers of a profile, outside of a rotation's overlap.
    pub(super) fn list(outline: Vec<HeaderOutline>) -> Vec<Self> {
        let usual = outline.into_iter().filter(|header| !header.only_in_overlap);
        let view = |header: HeaderOutline| Self {
            name: header.name,
            value: header.value,
            signed: header.signed,
            digest: header.digest,
        };
        usual.map(view).collect()
    }
}
