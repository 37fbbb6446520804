//! `GET` and `POST /accounts/{account}/connections/new?type=…`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_model::ConnectionType;

use super::fields::Fields;
use super::form::{faults, render};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// The empty form.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    super::admit(&account)?;
    let fields = Fields::empty(requested(&account));
    render(&app, &account, None, &fields, (Vec::new(), None))
}

/// Creates the connection, or shows the form again.
pub async fn create(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    super::admit(&account)?;
    let fields = Fields::typed(&form, requested(&account));
    let draft = fields.draft(&form, true);
    match app
        .configuration
        .create_connection(&account.visitor.by, account.id(), draft)
        .await
    {
        Ok(_) => Ok(Redirect::to(&account.path("connections?done=saved")).into_response()),
        Err(error) => render(&app, &account, None, &fields, (faults(error)?, None)),
    }
}

/// The type that the address names.
fn requested(account: &InAccount) -> ConnectionType {
    let name = account.visitor.query.get("type");
    name.and_then(ConnectionType::from_name)
        .unwrap_or(ConnectionType::Bearer)
}
