//! `GET /v1/master-key`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::view::MasterKeyView;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Show the state of the master key
///
/// The master key seals the secrets in the store: signing keys, and the values of headers. The response names
/// the key by its id and never holds it.
#[utoipa::path(
    get,
    path = "/v1/master-key",
    extensions(("x-permission" = json!("admin"))),
    tag = "Master key",
    responses((status = 200, description = "The state of the master key.", body = MasterKeyView))
)]
pub async fn get_master_key(State(state): State<ApiState>, uri: Uri) -> Result<Json<MasterKeyView>, Problem> {
    no_parameters(&uri)?;
    Ok(Json(MasterKeyView::of(state.sealing.status().await?)))
}
