//! `POST /accounts/{account}/automations/{id}/switch`: on or off.

use axum::extract::State;
use axum::response::Redirect;
use postrider_model::AutomationId;

use super::missed;
use crate::form::Form;
use crate::pages::theme::own_address;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// Switches it, and returns to the page of the switch; or to its own page, if it missed events while it was off.
pub async fn switch(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    form: Form,
) -> Result<Redirect, Refusal> {
    let enabled = form.text("enabled") == "true";
    let before = super::automation(&account, id)?;
    let after = app
        .configuration
        .set_automation_enabled(&account.visitor.by, account.id(), id, enabled)
        .await?;
    if let Some(since) = missed::since_off(&app, &account, before, &after).await?
        && missed::meanwhile(&app, &account, id, since).await?.is_some()
    {
        // Its page asks whether to send them.
        let path = account.path(&format!("automations/{id}?off_since={since}"));
        return Ok(Redirect::to(&path));
    }
    Ok(Redirect::to(own_address(form.text("back"))))
}
