//! `DELETE /v1/accounts/{account}/events/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_engine::CancelEventOutcome;
use postrider_model::EventId;

use super::event_not_found;
use crate::by::Asks;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Cancel an event
///
/// Cancels an event that waits, such as one with a `deliver_at`, with all its pending deliveries. A replay
/// leaves them out; resending one of them by its id still sends it. The event stays on record, so that its id
/// and its `Idempotency-Key` are not used again. Fails, and changes nothing, once an attempt was made or may
/// be under way; cancel the pending deliveries then.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/events/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Events",
    params(ObjectPath),
    responses(
        (status = 204, description = "The event is canceled. No attempt is on record."),
        (status = 409, description = "`event_attempted`: an attempt was made, or may be under way."),
    )
)]
pub async fn delete_event(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(id): PathId<EventId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    match state.engine.cancel_event(&by, account, id).await? {
        CancelEventOutcome::Canceled => Ok(StatusCode::NO_CONTENT),
        CancelEventOutcome::Attempted => Err(Problem::new(
            Code::EventAttempted,
            "an attempt was made or may be under way; cancel the event's pending deliveries instead",
        )),
        CancelEventOutcome::Missing => Err(event_not_found()),
    }
}
