//! `GET` and `POST /accounts/{account}/connections/{id}`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_model::ConnectionId;

use super::fields::Fields;
use super::form::{faults, render};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// The form, filled in but for the secret.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<ConnectionId>,
) -> Result<Response, Refusal> {
    super::admit(&account)?;
    let current = super::connection(&app, &account, id).await?;
    render(&app, &account, Some(&current), &Fields::of(&current), Vec::new())
}

/// Saves it, or shows the form again. Never overwrites a change that somebody else saved in the meantime.
pub async fn save(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<ConnectionId>,
    form: Form,
) -> Result<Response, Refusal> {
    super::admit(&account)?;
    let current = super::connection(&app, &account, id).await?;
    if form.text("version").parse() != Ok(current.version) {
        return Err(Refusal::Stale);
    }
    let fields = Fields::typed(&form, current.authentication.connection_type());
    let draft = fields.draft(&form, false);
    match app
        .configuration
        .update_connection(&account.visitor.by, account.id(), current.clone(), draft)
        .await
    {
        Ok(_) => Ok(Redirect::to(&account.path("connections?done=saved")).into_response()),
        Err(error) => render(&app, &account, Some(&current), &fields, faults(error)?),
    }
}
