//! `GET /v1/event-types`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::Caller;

use super::view::EventTypeView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

const LIST: ListId = ListId::of_all("event-types");

/// List event types
///
/// A caller of one account sees only the types that are visible to customers.
#[utoipa::path(
    get,
    path = "/v1/event-types",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("caller"))),
    tag = "Event types",
    params(PageParameters),
    responses((status = 200, description = "A page of event types, newest first.", body = List<EventTypeView>))
)]
pub async fn list_event_types(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<List<EventTypeView>>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(LIST);
    parameters.finish()?;
    let event_types = state.configuration.event_types_in(caller.scope, page).await?;
    List::of(LIST, event_types, EventTypeView::of).map(Json)
}
