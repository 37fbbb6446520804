//! `GET /readyz`

use std::time::Duration;

use axum::Json;
use axum::extract::State;

use super::StatusView;
use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// How long the store may take to respond. Probes time out after one to a few seconds.
const CHECK_MAX: Duration = Duration::from_secs(2);

/// Check that the process can take traffic
///
/// Checks that the store responds and can write. For load balancers and orchestrators.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Operations",
    security(()),
    responses(
        (status = 200, description = "The process can take traffic.", body = StatusView),
        (status = 503, description = "`not_ready`: the store does not respond or cannot write. `stopping`: the process is shutting down."),
    )
)]
pub async fn ready(State(state): State<ApiState>) -> Result<Json<StatusView>, Problem> {
    if state.engine.is_stopping() {
        return Err(Problem::new(Code::Stopping, "the server is stopping"));
    }
    let not_ready = |reason: &dyn std::fmt::Display| {
        Problem::unavailable(
            Code::NotReady,
            "the store does not respond or cannot write",
            reason,
        )
    };
    match tokio::time::timeout(CHECK_MAX, state.engine.check_store()).await {
        Ok(Ok(())) => Ok(Json(StatusView { status: "ready" })),
        Ok(Err(error)) => Err(not_ready(&error)),
        Err(late) => Err(not_ready(&late)),
    }
}
