//! `POST /v1/accounts/{account}/deliveries/{id}/resend`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_engine::ResendOutcome;
use postrider_model::DeliveryId;
use postrider_storage::DeliveryKey;
use serde::Deserialize;

use super::view::DeliveryView;
use super::{delivery_not_found, find};
use crate::by::Asks;
use crate::json_body::OptionalJsonBody;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// An empty object. The body is optional and has no members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Nothing {}

/// Resend a delivery
///
/// Makes one more attempt at once, with the same id and body, whatever the delivery's status. If the attempt
/// fails, a delivery that was waiting for a retry continues to wait, a succeeded delivery stays succeeded,
/// and any other becomes failed.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/deliveries/{id}/resend",
    extensions(("x-permission" = json!("resend"))),
    tag = "Deliveries",
    params(ObjectPath),
    responses(
        (status = 202, description = "The delivery, with the attempt due.", body = DeliveryView),
        (status = 409, description = "`delivery_under_way`: an attempt is in progress or about to start. \
            `action_gone`: the action was deleted, or the action or its automation is off. \
            `too_many_attempts`: the delivery has had 1000 attempts."),
    )
)]
pub async fn resend_delivery(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(delivery): PathId<DeliveryId>,
    uri: Uri,
    OptionalJsonBody(Nothing {}): OptionalJsonBody<Nothing>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    no_parameters(&uri)?;
    let key = DeliveryKey { account, delivery };
    match state.engine.resend(&by, key).await? {
        ResendOutcome::Due => {
            let delivery = find(&state, key).await?;
            Ok((StatusCode::ACCEPTED, Json(DeliveryView::of(delivery))))
        }
        ResendOutcome::UnderWay => Err(Problem::new(
            Code::DeliveryUnderWay,
            "an attempt is in progress or about to start; wait for its outcome",
        )),
        ResendOutcome::TooManyAttempts => Err(Problem::new(
            Code::TooManyAttempts,
            "the delivery has the maximum number of attempts",
        )),
        ResendOutcome::ActionGone => Err(Problem::new(
            Code::ActionGone,
            "the action was deleted, or the action or its automation is off",
        )),
        ResendOutcome::Missing => Err(delivery_not_found()),
    }
}
