//! Sessions of the operator's staff: `GET` and `DELETE /v1/sessions`, `DELETE /v1/sessions/{id}`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::{GrantId, Scope};

use super::view::{EndedSessionsView, SessionView};
use crate::by::Asks;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{IdPath, PathId};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters, no_parameters};
use crate::router::ApiState;

/// List the sessions of the operator's staff
///
/// Sessions in the console that began with an API key or at the identity provider, newest first.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    params(PageParameters),
    responses((status = 200, description = "A page of sessions, newest first.", body = List<SessionView>))
)]
pub async fn list_sessions(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<List<SessionView>>, Problem> {
    let list = ListId::of_all("sessions");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let sessions = state.access.sessions(Scope::All, page).await?;
    List::of(list, sessions, |session| Ok(SessionView::of(&session))).map(Json)
}

/// End a session of the operator's staff
///
/// The person is signed out at once.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    params(IdPath),
    responses((status = 204, description = "The session was ended."))
)]
pub async fn end_session(
    State(state): State<ApiState>,
    Asks(by): Asks,
    PathId(id): PathId<GrantId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    super::end(&state, &by, Scope::All, id).await
}

/// End all sessions of the operator's staff
///
/// Signs out everyone of the operator's staff, including you.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    responses((status = 200, description = "The sessions were ended.", body = EndedSessionsView))
)]
pub async fn end_all_sessions(
    State(state): State<ApiState>,
    Asks(by): Asks,
    uri: Uri,
) -> Result<Json<EndedSessionsView>, Problem> {
    no_parameters(&uri)?;
    let count = state.access.end_sessions(&by, Scope::All).await?;
    Ok(Json(EndedSessionsView { count }))
}
