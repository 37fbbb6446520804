//! `GET` and `POST /sign-in/{token}`: signs in with a link.
//!
//! Only the POST signs in. Programs that follow links on their own, such as mail scanners and browsers that
//! prefetch, then neither use up a link that works once nor begin a session. The POST must come from the page
//! of the GET, so that no other site can sign its visitors in to an account of its choice.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use postrider_access::OpenLink;
use postrider_model::{By, Scope};
use postrider_storage::AccountRef;
use postrider_web::client::Client;
use postrider_web::host::RequestHost;

use super::form::refuse_excess;
use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::Shell;
use crate::state::App;
use crate::visitor::is_in_frame;
use crate::visitor::trail::{Sender, sign_in_refused};

/// How long a person waits whose link began too many sessions within a minute.
const TOO_MANY_WAIT_S: u64 = 60;

#[derive(Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage<'a> {
    shell: Shell<'a>,
    action: String,
    /// The account that the link signs in to; `None` for the operator's staff.
    account: Option<String>,
    /// Whether a script presses the button. A frame is part of a page that the operator allows to show the
    /// console (`console_frame_ancestors`), and its visitor has asked for it there.
    is_pressed: bool,
}

/// The page with the button.
pub async fn show(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Sender(sender): Sender,
    Path(link): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Some(scope) = app.access.link(&link).await? else {
        return Err(dead(&app, client, &sender));
    };
    let account = match scope {
        Scope::All => None,
        Scope::Account(id) => app.configuration.account(&AccountRef::Id(id)).await?,
    };
    let mut response = page(&LinkPage {
        shell: Shell::anonymous(&app, &headers, "Sign in"),
        action: format!("/sign-in/{link}"),
        account: account.map(|account| account.name),
        is_pressed: app.is_framed && is_in_frame(&headers),
    })?;
    let robots = HeaderValue::from_static("noindex");
    response.headers_mut().insert("x-robots-tag", robots);
    Ok(response)
}

/// Opens the link, and redirects to the visitor's first page.
pub async fn open(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Sender(sender): Sender,
    Path(link): Path<String>,
    host: RequestHost,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !is_from_our_page(&app, &host, &headers) {
        sign_in_refused(&app, &sender, "foreign_form", None);
        return Err(Refusal::ForeignForm);
    }
    let (token, session) = match app.access.open_link(&sender, &link).await? {
        OpenLink::Begun(token, session) => (token, session),
        OpenLink::Dead => return Err(dead(&app, client, &sender)),
        OpenLink::TooMany => {
            sign_in_refused(&app, &sender, "too_many_sessions", None);
            return Err(Refusal::TooManyTries {
                wait_s: TOO_MANY_WAIT_S,
            });
        }
    };
    let first = match session.caller.scope {
        Scope::All => "/".to_owned(),
        Scope::Account(account) => format!("/accounts/{account}/automations"),
    };
    super::begin(&app, &host, token.expose(), &session, &first)
}

/// Whether a browser says that a page of this console sends the request. It says so in `Sec-Fetch-Site`
/// (Fetch Metadata) over https and to this machine, and in `Origin` always. A prefetch is refused too.
fn is_from_our_page(app: &App, host: &RequestHost, headers: &HeaderMap) -> bool {
    if headers.contains_key("sec-purpose") || headers.contains_key("purpose") {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    origin.is_some() && origin == app.base_url(host).ok().as_deref()
}

/// Counts a link that does not work as an attempt. Links that work do not count: behind a proxy, all
/// customers of a product have one address.
fn dead(app: &App, client: Client, sender: &By) -> Refusal {
    sign_in_refused(app, sender, "dead_link", None);
    refuse_excess(app, client).err().unwrap_or(Refusal::DeadLink)
}
