//! `POST /accounts/{account}/settings/link`: a link that signs a customer in to this account alone.
//!
//! The link is shown once, in the answer to the form: the store has its hash alone.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use postrider_model::grant::Theme;
use postrider_web::host::RequestHost;

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Place, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::time::date;
use crate::visitor::account::InAccount;

/// How long a link can be good for, as the form offers it. The last one is the longest that a link can last.
const LIFETIMES_S: [u64; 3] = [3_600, 86_400, 7 * 86_400];

#[derive(Template)]
#[template(path = "settings/link.html")]
struct LinkPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    link: String,
    ends: String,
    is_read_only: bool,
    is_framed: bool,
}

/// Makes it, and shows it.
pub async fn make(
    State(app): State<App>,
    account: InAccount,
    host: RequestHost,
    form: Form,
) -> Result<Response, Refusal> {
    let base_url = app.base_url(&host)?;
    let wished = form.text("lifetime").parse().ok();
    let lifetime_s = LIFETIMES_S.into_iter().find(|lifetime| wished == Some(*lifetime));
    let lifetime = Duration::from_secs(lifetime_s.unwrap_or(LIFETIMES_S[0]));
    let is_read_only = form.is_ticked("read_only");
    let theme = match form.text("theme") {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    };
    let created = app
        .access
        .create_portal_link(account.id(), is_read_only, theme, lifetime)
        .await?;
    let (token, expires_at) = created.ok_or(Refusal::NotFound)?;
    page(&LinkPage {
        shell: Shell::of(&app, &account.visitor, Place::Accounts, "Portal link"),
        head: AccountHead::of(&account, Tab::Settings),
        path: account.path("settings"),
        link: format!("{base_url}/sign-in/{}", token.expose()),
        ends: date(expires_at),
        is_read_only,
        is_framed: app.is_framed,
    })
}

/// The address is not one to come back to: a reader is led to the form.
pub async fn back(account: InAccount) -> Redirect {
    Redirect::to(&account.path("settings#link"))
}
