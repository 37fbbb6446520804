//! `GET` and `POST /accounts/{account}/settings/delete`: asks for the account's name, then deletes.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_model::SYSTEM_ACCOUNT;

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "settings/delete.html")]
struct DeletePage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    /// The name as typed.
    typed: &'a str,
    is_other: bool,
}

/// Asks.
pub async fn ask(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    render(&app, &account, None)
}

/// Deletes the account if its name was typed, so that nobody deletes one without reading.
pub async fn delete(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    let typed = form.text("name");
    if typed.trim() != account.account().name.trim() {
        let mut response = render(&app, &account, Some(typed))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    // If the account no longer exists, this is a no-op.
    app.configuration
        .delete_account(&account.visitor.by, account.id(), None)
        .await?;
    Ok(Redirect::to("/accounts").into_response())
}

fn render(app: &App, account: &InAccount, typed: Option<&str>) -> Result<Response, Refusal> {
    if account.id() == SYSTEM_ACCOUNT {
        return Err(Refusal::NotFound);
    }
    page(&DeletePage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Delete account"),
        head: AccountHead::of(account, Tab::Settings),
        path: account.path("settings"),
        typed: typed.unwrap_or_default(),
        is_other: typed.is_some(),
    })
}
