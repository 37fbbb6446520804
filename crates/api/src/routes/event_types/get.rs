//! `GET /v1/event-types/{name}`

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::Caller;

use super::event_type_not_found;
use super::view::EventTypeView;
use crate::etag::{Tag, tagged};
use crate::path::{EventTypePath, PathEventType};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read an event type
///
/// With its example and its JSON Schema, if it has them.
#[utoipa::path(
    get,
    path = "/v1/event-types/{name}",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("caller"))),
    tag = "Event types",
    params(EventTypePath),
    responses((status = 200, description = "The event type.", body = EventTypeView,
        headers(("etag" = String, description = "The object's version, for `If-Match`."))))
)]
pub async fn get_event_type(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    PathEventType(name): PathEventType,
    uri: Uri,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let event_type = state.configuration.event_type_in(caller.scope, &name).await?;
    let event_type = event_type.ok_or_else(event_type_not_found)?;
    let tag = Tag::of_event_type(&event_type);
    Ok(tagged(tag, Json(EventTypeView::of(event_type)?)))
}
