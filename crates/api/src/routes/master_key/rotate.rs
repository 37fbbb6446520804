//! `POST /v1/master-key/rotate`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::sealing::RotateKeyError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::MasterKeyView;
use crate::by::Asks;
use crate::json_body::OptionalJsonBody;
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Options of a rotation of the master key: none so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = RotateMasterKeyInput)]
pub struct RotateMasterKeyInput {}

/// Rotate the master key
///
/// The server creates a key, writes it to its key file before the other keys, and then seals all secrets
/// again in the background. `remaining` of `GET /v1/master-key` shows the progress. Back the file up again,
/// because later backups of the database need the new key.
#[utoipa::path(
    post,
    path = "/v1/master-key/rotate",
    extensions(("x-permission" = json!("admin"))),
    tag = "Master key",
    request_body(content = Option<RotateMasterKeyInput>),
    responses(
        (status = 202, description = "The new key is on disk, and the secrets are being sealed again.", body = MasterKeyView),
        (status = 409, description = "`master_key_elsewhere`: the keys do not come from a file, or other nodes work on the same database; or `too_many_master_keys`: there are 100. `detail` says what to do instead."),
    )
)]
pub async fn rotate_master_key(
    State(state): State<ApiState>,
    Asks(by): Asks,
    uri: Uri,
    OptionalJsonBody(RotateMasterKeyInput {}): OptionalJsonBody<RotateMasterKeyInput>,
) -> Result<(StatusCode, Json<MasterKeyView>), Problem> {
    no_parameters(&uri)?;
    let rotated = state.sealing.rotate(&by).await.map_err(|error| match error {
        RotateKeyError::NotHere { .. } | RotateKeyError::OtherNodes { .. } => {
            Problem::new(Code::MasterKeyElsewhere, error.to_string())
        }
        RotateKeyError::TooManyKeys { .. } => Problem::new(Code::TooManyMasterKeys, error.to_string()),
        RotateKeyError::NotWritten(why) => Problem::internal(format_args!("the new master key: {why}")),
        RotateKeyError::Store(error) => error.into(),
    })?;
    Ok((StatusCode::ACCEPTED, Json(MasterKeyView::of(rotated))))
}
