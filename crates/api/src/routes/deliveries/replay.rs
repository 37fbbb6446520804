//! `POST /v1/accounts/{account}/deliveries/replay`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::FilterInput;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// What was replayed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayView {
    /// How many deliveries get one more attempt.
    #[schema(example = 120)]
    replayed: u64,
}

/// Send many deliveries again
///
/// One more attempt of every settled delivery that matches and whose action can be called, like a resend of each.
/// A body is required, so that nothing is replayed by accident; `{}` is every settled delivery.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/deliveries/replay",
    tag = "Deliveries",
    params(AccountPath),
    request_body(content = FilterInput, example = json!({
        "status": "failed",
        "event_type": "proposal.accepted",
        "after": "2026-01-31T00:00:00.000Z"
    })),
    responses((status = 202, description = "They are due.", body = ReplayView))
)]
pub async fn replay_deliveries(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
    JsonBody(filter): JsonBody<FilterInput>,
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    no_parameters(&uri)?;
    let replayed = state.engine.replay(account, filter.check()?).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayView { replayed })))
}
