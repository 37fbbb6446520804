//! `GET` and `POST /accounts/{account}/automations/{id}/delete`: asks, then deletes.

use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use postrider_model::AutomationId;

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

#[derive(Template)]
#[template(path = "automations/delete.html")]
struct DeletePage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    name: &'a str,
    path: String,
}

/// Asks.
pub async fn ask(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
) -> Result<Response, Refusal> {
    let automation = super::automation(&account, id)?;
    page(&DeletePage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Delete automation"),
        head: AccountHead::of(&account, Tab::Automations),
        name: &automation.name,
        path: account.path(&format!("automations/{id}")),
    })
}

/// Deletes the automation. If it no longer exists, this is a no-op.
pub async fn delete(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    _form: Form,
) -> Result<Redirect, Refusal> {
    app.configuration
        .delete_automation(&account.visitor.by, account.id(), id, None)
        .await?;
    Ok(Redirect::to(&account.path("automations")))
}
