//! `POST /v1/accounts/{account}/signing-keys/rotate`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::RotationDraft;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{KeyAlgorithmName, SigningKeyView};
use crate::by::Asks;
use crate::decode::Whole;
use crate::json_body::OptionalJsonBody;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Options of a rotation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = RotateInput)]
pub struct RotateInput {
    /// How long the old key continues to sign beside the new one, in seconds: 0 to 2592000 (30 days).
    #[schema(value_type = Option<u32>, default = 86400, maximum = 2_592_000, example = 86400)]
    overlap_s: Option<Whole>,
    /// Your own secret for the new key: `whsec_` and the base64 of 24 to 64 bytes, or for Ed25519 `whsk_` and
    /// the base64 of a seed of 32 bytes. If you leave it out, Postrider generates one.
    #[schema(
        example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        pattern = "^(whsec_[A-Za-z0-9+/]{32,86}={0,2}|whsk_[A-Za-z0-9+/]{43}=)$"
    )]
    secret: Option<String>,
    /// The kind of the new key. Null is that of `secret`, or of the old key. The signature profile has to
    /// take it: only `standard`, `svix` and profiles of the settings take `ed25519`.
    algorithm: Option<KeyAlgorithmName>,
}

impl RotateInput {
    /// The draft that this body describes.
    pub(super) fn into_draft(self) -> RotationDraft {
        RotationDraft {
            overlap_s: self.overlap_s.map(|it| it.0),
            secret: self.secret,
            algorithm: self.algorithm.map(KeyAlgorithmName::algorithm),
        }
    }
}

/// Rotate the signing key
///
/// The new key becomes the current key at once. During the overlap, Postrider signs webhooks with both keys.
/// Keys of earlier rotations also sign until they expire. At most five keys sign at a time: the oldest stops
/// signing when there would be more. A header with one value is signed by the oldest or the newest key, so
/// the keys between them sign only the headers that hold a list, such as `webhook-signature`. With an
/// `overlap_s` of 0, which is for a key that has leaked, all earlier keys stop signing.
///
/// The event `postrider.signing_key.rotated` reports it.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/signing-keys/rotate",
    extensions(("x-permission" = json!("manage"))),
    tag = "Signing keys",
    params(AccountPath),
    request_body(content = Option<RotateInput>),
    responses(
        (status = 201, description = "The new key.", body = SigningKeyView),
        (status = 429, description = "`too_many_rotations`: an account can rotate 10 keys a minute on each node."),
    )
)]
pub async fn rotate_signing_key(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
    OptionalJsonBody(input): OptionalJsonBody<RotateInput>,
) -> Result<(StatusCode, Json<SigningKeyView>), Problem> {
    no_parameters(&uri)?;
    let draft = input.into_draft();
    let rotated = state
        .configuration
        .rotate_signing_key(&by, account, draft, &*state.engine)
        .await;
    let key = rotated.map_err(|error| Problem::of_configuring(error, account_not_found))?;
    let view = SigningKeyView::of(&key, state.engine.clock().now());
    Ok((StatusCode::CREATED, Json(view)))
}
