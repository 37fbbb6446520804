//! `GET /metrics`

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use crate::router::ApiState;

/// The media type of the Prometheus text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Read metrics in the Prometheus text format
///
/// Needs no key. With the setting `metrics_listen`, another port serves them.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "All metrics.", body = String, content_type = "text/plain"))
)]
pub async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], state.metrics.render())
}
