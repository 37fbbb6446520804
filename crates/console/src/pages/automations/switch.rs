//! `POST /accounts/{account}/automations/{id}/switch`: on or off.

use axum::extract::State;
use axum::response::Redirect;
use postrider_model::AutomationId;

use crate::form::Form;
use crate::pages::theme::own_address;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// Switches it, and returns to the page of the switch.
pub async fn switch(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    form: Form,
) -> Result<Redirect, Refusal> {
    let enabled = form.text("enabled") == "true";
    app.configuration
        .set_automation_enabled(&account.visitor.by, account.id(), id, enabled)
        .await?;
    Ok(Redirect::to(own_address(form.text("back"))))
}
