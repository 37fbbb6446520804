//! `POST /accounts/{account}/portal-links/{id}/revoke` and `…/end-sessions`. A link or session that no longer
//! exists is a no-op.

use axum::extract::State;
use axum::response::Redirect;
use postrider_model::{GrantId, Scope};

use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// Revokes a link.
pub async fn revoke(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<GrantId>,
    _form: Form,
) -> Result<Redirect, Refusal> {
    app.access
        .revoke_portal_link(&account.visitor.by, account.id(), id)
        .await?;
    Ok(Redirect::to(&account.path("portal-links?done=revoked")))
}

/// Ends all sessions of the account.
pub async fn end_sessions(
    State(app): State<App>,
    account: InAccount,
    _form: Form,
) -> Result<Redirect, Refusal> {
    app.access
        .end_sessions(&account.visitor.by, Scope::Account(account.id()))
        .await?;
    Ok(Redirect::to(&account.path("portal-links?done=ended")))
}
