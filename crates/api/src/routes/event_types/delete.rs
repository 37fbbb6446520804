//! `DELETE /v1/event-types/{name}`

use axum::extract::State;
use http::{StatusCode, Uri};

use super::{check, event_type_not_found};
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader};
use crate::path::{EventTypePath, PathEventType};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Delete an event type
///
/// Events and triggers of the type do not change. Unless the installation refuses unknown types, the next
/// event of the type adds it again, without a description.
#[utoipa::path(
    delete,
    path = "/v1/event-types/{name}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Event types",
    params(EventTypePath, IfMatchHeader),
    responses((status = 204, description = "The event type was deleted."))
)]
pub async fn delete_event_type(
    State(state): State<ApiState>,
    Asks(by): Asks,
    PathEventType(name): PathEventType,
    uri: Uri,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    check(&state, &name, &if_match).await?;
    if state.configuration.delete_event_type(&by, &name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(event_type_not_found())
    }
}
