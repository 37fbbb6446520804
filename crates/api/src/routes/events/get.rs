//! `GET /v1/accounts/{account}/events/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::EventId;

use super::event_not_found;
use super::view::EventView;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read an event
///
/// With its data, and what re-serialising them would lose.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/events/{id}",
    extensions(("x-permission" = json!("read"))),
    tag = "Events",
    params(ObjectPath),
    responses((status = 200, description = "The event.", body = EventView))
)]
pub async fn get_event(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<EventId>,
    uri: Uri,
) -> Result<Json<EventView>, Problem> {
    no_parameters(&uri)?;
    let event = state
        .figures
        .event(account, id)
        .await?
        .ok_or_else(event_not_found)?;
    EventView::of(event).map(Json)
}
