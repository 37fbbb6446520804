//! `POST /v1/accounts/{account}/deliveries/cancel`

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

/// Cancel deliveries
///
/// Cancels every delivery that matches the filter and is pending. It gets no further attempt, and its status
/// becomes `canceled`; a settled delivery whose resend is pending returns to its previous status. Postrider
/// cannot call back a request that is already under way: its attempt is recorded, and does not change the
/// status. A canceled delivery can be resent. At least one filter is required. With `"dry_run": true`,
/// Postrider only counts the deliveries.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/deliveries/cancel",
    extensions(("x-permission" = json!("manage"))),
    tag = "Deliveries",
    params(AccountPath),
    request_body(content = SelectionInput, example = json!({
        "event_type": "proposal.accepted",
        "before": "2026-01-31T00:00:00.000Z"
    })),
    responses(
        (status = 202, description = "The number of deliveries that get no further attempt.", body = CountView),
        (status = 409, description = "`cancel_running`: deliveries of the account are already being canceled on \
            this node."),
    )
)]
pub async fn cancel_deliveries(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
    JsonBody(input): JsonBody<SelectionInput>,
) -> Result<(StatusCode, Json<CountView>), Problem> {
    no_parameters(&uri)?;
    let filter = input.filter()?;
    let view = if input.dry_run {
        let counted = state.engine.count_cancel(account, &filter, COUNT_MAX).await?;
        CountView::counted(counted)
    } else {
        CountView::done(state.engine.cancel(&by, account, filter).await?)
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
