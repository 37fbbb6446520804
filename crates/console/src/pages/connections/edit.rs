//! `GET` and `POST /accounts/{account}/connections/{id}`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_model::ConnectionId;

use super::fields::Fields;
use super::form::{faults, render};
use crate::conflict::{Conflict, Edited};
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
    render(
        &app,
        &account,
        Some(&current),
        &Fields::of(&current),
        (Vec::new(), None),
    )
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
    let fields = Fields::typed(&form, current.authentication.connection_type());
    if form.text("version").parse() != Ok(current.version) {
        let edited = Edited {
            account: Some(account.id()),
            id: id.to_string(),
            at: current.updated_at,
            form: account.path(&format!("connections/{id}")),
        };
        let differing = fields.differing(&Fields::of(&current));
        let conflict = Conflict::of(&app, &account.visitor, edited, differing).await?;
        return render(
            &app,
            &account,
            Some(&current),
            &fields,
            (Vec::new(), Some(conflict)),
        );
    }
    let draft = fields.draft(&form, false);
    match app
        .configuration
        .update_connection(&account.visitor.by, account.id(), current.clone(), draft)
        .await
    {
        Ok(_) => Ok(Redirect::to(&account.path("connections?done=saved")).into_response()),
        Err(error) => render(&app, &account, Some(&current), &fields, (faults(error)?, None)),
    }
}
