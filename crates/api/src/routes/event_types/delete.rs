//! `DELETE /v1/event-types/{name}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::EDITS_MAX;
use postrider_model::Scope;
use postrider_storage::DeleteObject;

use super::event_type_not_found;
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag};
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
    for _ in 0..EDITS_MAX {
        let mut updated_at = None;
        if if_match.is_present() {
            let current = state.configuration.event_type_in(Scope::All, &name).await?;
            if_match.check(current.as_ref().map(Tag::of_event_type).as_ref())?;
            updated_at = current.map(|current| current.updated_at);
        }
        let deleted = state
            .configuration
            .delete_event_type(&by, &name, updated_at)
            .await;
        match deleted? {
            DeleteObject::Deleted => return Ok(StatusCode::NO_CONTENT),
            DeleteObject::Missing => return Err(event_type_not_found()),
            DeleteObject::Stale => {}
        }
    }
    Err(IfMatch::overtaken())
}
