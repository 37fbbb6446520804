//! `GET /v1/openapi.json`

use axum::extract::State;
use axum::response::IntoResponse;
use http::{Uri, header};

use crate::problem::Problem;
use crate::query::no_parameters;
use crate::reference;
use crate::router::ApiState;

/// Read this document
///
/// Requires an API key, like everything under `/v1`.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("caller"))),
    tag = "Operations",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
pub async fn openapi_document(State(state): State<ApiState>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let text = reference::document(state.public_url.as_deref()).map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
}
