//! `POST /v1/accounts/{account}/deliveries/replay`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::SelectionInput;
use crate::by::Asks;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// How long a dry run counts: shorter than the usual timeouts of clients and proxies.
pub(in crate::routes) const COUNT_MAX: Duration = Duration::from_secs(20);

/// The number of deliveries that a replay resends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayView {
    /// The number of deliveries that get one more attempt.
    #[schema(example = 120)]
    count: u64,
    /// True if a dry run did not finish within 20 seconds, so that `count` is a lower bound; otherwise
    /// absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    incomplete: bool,
}

/// Replay deliveries
///
/// Resends every delivery that matches the filter, is not pending, and whose action is enabled. Each gets one
/// more attempt, with the same id and body. At least one filter is required. With `"dry_run": true`,
/// Postrider only counts the deliveries.
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
        (status = 202, description = "The number of deliveries that get one more attempt.", body = ReplayView),
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
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    no_parameters(&uri)?;
    let filter = input.filter()?;
    let view = if input.dry_run {
        let counted = state.engine.count_replay(account, &filter, COUNT_MAX).await?;
        ReplayView {
            count: counted.matching,
            incomplete: !counted.is_all,
        }
    } else {
        ReplayView {
            count: state.engine.replay(&by, account, filter).await?,
            incomplete: false,
        }
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
