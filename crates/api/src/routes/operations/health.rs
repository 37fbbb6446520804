//! `GET /healthz`

use axum::Json;

use super::StatusView;

/// Is the process up?
///
/// Says nothing about the store: a restart would not mend it.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "It is.", body = StatusView))
)]
pub async fn health() -> Json<StatusView> {
    Json(StatusView { status: "ok" })
}
