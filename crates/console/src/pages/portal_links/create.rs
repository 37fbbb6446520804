//! `POST /accounts/{account}/portal-links`: creates a link that signs a customer in to this account alone.
//!
//! The response to the form shows the link once; the store keeps only its hash.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_access::{CreatePortalLink, PortalLinkDraft};
use postrider_model::grant::Theme;
use postrider_web::host::RequestHost;

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::time::Exact;
use crate::visitor::account::InAccount;

/// The lifetimes that the form offers, in seconds. The last one is the longest that a link can have.
const LIFETIMES_S: [u64; 3] = [3_600, 86_400, 7 * 86_400];

#[derive(Template)]
#[template(path = "portal_links/created.html")]
struct CreatedPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    link: String,
    script: String,
    ends: Exact,
    is_read_only: bool,
    is_framed: bool,
}

/// Creates the link, and shows it.
pub async fn create(
    State(app): State<App>,
    account: InAccount,
    host: RequestHost,
    form: Form,
) -> Result<Response, Refusal> {
    let base_url = app.base_url(&host)?;
    let requested = form.text("lifetime").parse().ok();
    let lifetime_s = LIFETIMES_S
        .into_iter()
        .find(|lifetime| requested == Some(*lifetime));
    let lifetime = Duration::from_secs(lifetime_s.unwrap_or(LIFETIMES_S[0]));
    let is_read_only = form.is_ticked("read_only");
    let theme = match form.text("theme") {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    };
    let draft = PortalLinkDraft {
        account: account.id(),
        read_only: is_read_only,
        theme,
        lifetime,
    };
    if !account
        .visitor
        .caller
        .permissions
        .contains_all(draft.permissions())
    {
        return Err(Refusal::ReadOnly);
    }
    let created = app
        .access
        .create_portal_link(&account.visitor.by, draft, account.visitor.api_key())
        .await?;
    let (token, link) = match created {
        CreatePortalLink::Created(token, link) => (token, link),
        CreatePortalLink::Gone => return Err(Refusal::NotFound),
        CreatePortalLink::TooMany => return Err(Refusal::TooManyLinks),
    };
    page(&CreatedPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Portal link"),
        head: AccountHead::of(&account, Tab::PortalLinks),
        path: account.path("portal-links"),
        script: format!("{base_url}/embed.js"),
        link: format!("{base_url}/sign-in/{}", token.expose()),
        ends: Exact::date(link.expires_at),
        is_read_only,
        is_framed: app.is_framed,
    })
}
