//! `POST /sessions/{id}/end` and `POST /sessions/end-all`. A session that no longer exists is a no-op.

use axum::extract::State;
use axum::response::Redirect;
use postrider_model::{GrantId, Scope};

use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::Visitor;
use crate::visitor::account::PathId;

/// Ends a session.
pub async fn end(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId<GrantId>,
    _form: Form,
) -> Result<Redirect, Refusal> {
    app.access.end_session(&visitor.by, Scope::All, id).await?;
    Ok(Redirect::to("/sessions?ended=1"))
}

/// Ends all sessions of the staff, the visitor's own too.
pub async fn end_all(State(app): State<App>, visitor: Visitor, _form: Form) -> Result<Redirect, Refusal> {
    app.access.end_sessions(&visitor.by, Scope::All).await?;
    Ok(Redirect::to("/sign-in"))
}
