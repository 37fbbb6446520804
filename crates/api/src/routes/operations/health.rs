//! `GET /healthz`

use axum::Json;

use super::StatusView;

/// Check that the process is up
///
/// Does not check the store, because restarting the process would not repair it.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "The process is up.", body = StatusView))
)]
pub async fn health() -> Json<StatusView> {
    Json(StatusView { status: "ok" })
}
