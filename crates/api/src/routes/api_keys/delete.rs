//! `DELETE /v1/api-keys/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::ApiKeyId;
use postrider_storage::RemoveApiKey;

use crate::by::Asks;
use crate::path::{IdPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Delete an API key
///
/// Calls with the key are refused at once, on every node. Portal links that were created with it, and
/// sessions that began with it, end.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    params(IdPath),
    responses(
        (status = 204, description = "The API key was deleted."),
        (status = 409, description = "`last_admin_key`: no other key has `admin`, all accounts and no expiry."),
    )
)]
pub async fn delete_api_key(
    State(state): State<ApiState>,
    Asks(by): Asks,
    PathId(id): PathId<ApiKeyId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    match state.access.delete_api_key(&by, id).await? {
        RemoveApiKey::Removed => Ok(StatusCode::NO_CONTENT),
        RemoveApiKey::Missing => Err(Problem::new(Code::ApiKeyNotFound, "no API key has this id")),
        RemoveApiKey::LastAdmin => Err(Problem::new(
            Code::LastAdminKey,
            "without this key nobody could administer the installation; create another key with `admin` first",
        )),
    }
}
