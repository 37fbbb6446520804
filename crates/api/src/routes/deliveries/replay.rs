//! `POST /v1/accounts/{account}/deliveries/replay`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};

use super::filter::SelectionInput;
use crate::by::Asks;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::count::{COUNT_MAX, CountView};

/// Replay deliveries
///
/// Resends every delivery that matches the filter, is not pending, and whose action is enabled. Each gets one
/// more attempt, with the same id and body. Deliveries of canceled events are left out. At least one filter
/// is required. With `"dry_run": true`, Postrider only counts the deliveries.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/deliveries/replay",
    extensions(("x-permission" = json!("resend"))),
    tag = "Deliveries",
    params(AccountPath),
    request_body(content = SelectionInput, example = json!({
        "status": "failed",
        "event_type": "proposal.accepted",
        "after": "2026-01-31T00:00:00.000Z"
    })),
    responses(
        (status = 202, description = "The number of deliveries that get one more attempt.", body = CountView),
        (status = 409, description = "`replay_running`: another replay of the account, or the sending of missed events, is running \
            on this node."),
    )
)]
pub async fn replay_deliveries(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
    JsonBody(input): JsonBody<SelectionInput>,
) -> Result<(StatusCode, Json<CountView>), Problem> {
    no_parameters(&uri)?;
    let filter = input.filter()?;
    let view = if input.dry_run {
        let counted = state.engine.count_replay(account, &filter, COUNT_MAX).await?;
        CountView::counted(counted)
    } else {
        CountView::done(state.engine.replay(&by, account, filter).await?)
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
