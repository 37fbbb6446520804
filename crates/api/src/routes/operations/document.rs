//! `GET /v1/openapi.json`

use std::sync::LazyLock;

use axum::response::IntoResponse;
use bytes::Bytes;
use http::{Uri, header};

use crate::openapi;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::documented_routes;

/// The document, the same for every installation of this version.
static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> =
    LazyLock::new(|| openapi::text(documented_routes().into_openapi()).map(Bytes::from));

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
pub async fn openapi_document(uri: Uri) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let text = DOCUMENT.as_ref().map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text.clone()))
}
