//! `POST /v1/accounts/{account}/deliveries/cancel`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::SelectionInput;
use super::replay::COUNT_MAX;
use crate::by::Asks;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// The number of deliveries that were canceled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub struct CancelView {
    /// The number of deliveries that get no further attempt.
    #[schema(example = 120)]
    count: u64,
    /// True if a dry run did not finish within 20 seconds, so that `count` is a lower bound; otherwise
    /// absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    incomplete: bool,
}

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
        (status = 202, description = "The number of deliveries that get no further attempt.", body = CancelView),
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
) -> Result<(StatusCode, Json<CancelView>), Problem> {
    no_parameters(&uri)?;
    let filter = input.filter()?;
    let view = if input.dry_run {
        let counted = state.engine.count_cancel(account, &filter, COUNT_MAX).await?;
        CancelView {
            count: counted.matching,
            incomplete: !counted.is_all,
        }
    } else {
        CancelView {
            count: state.engine.cancel(&by, account, filter).await?,
            incomplete: false,
        }
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
