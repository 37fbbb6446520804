//! Sessions of an account's portal links: `GET` and `DELETE /v1/accounts/{account}/sessions`, `DELETE
//! /v1/accounts/{account}/sessions/{id}`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::{GrantId, Scope};

use super::view::{EndedSessionsView, SessionView};
use crate::by::Asks;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters, no_parameters};
use crate::router::ApiState;

/// List the sessions of an account
///
/// Sessions of customers in the console, which began with a portal link. Newest first.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/sessions",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "A page of sessions, newest first.", body = List<SessionView>))
)]
pub async fn list_sessions_of_account(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<SessionView>>, Problem> {
    let list = ListId::of(account, "sessions");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let sessions = state.access.sessions(Scope::Account(account), page).await?;
    List::of(list, sessions, |session| Ok(SessionView::of(&session))).map(Json)
}

/// End a session of an account
///
/// The person is signed out at once.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/sessions/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(ObjectPath),
    responses((status = 204, description = "The session was ended."))
)]
pub async fn end_session_of_account(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(id): PathId<GrantId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    super::end(&state, &by, Scope::Account(account), id).await
}

/// End all sessions of an account
///
/// Everyone who followed a portal link of the account is signed out. The links stay; revoke them as well to
/// keep people out.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/sessions",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(AccountPath),
    responses((status = 200, description = "The sessions were ended.", body = EndedSessionsView))
)]
pub async fn end_all_sessions_of_account(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<EndedSessionsView>, Problem> {
    no_parameters(&uri)?;
    let count = state.access.end_sessions(&by, Scope::Account(account)).await?;
    Ok(Json(EndedSessionsView { count }))
}
