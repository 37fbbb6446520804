//! `GET /sign-in/{token}`: signs in with a link.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Method;
use postrider_model::Scope;
use postrider_web::client::Client;
use postrider_web::host::RequestHost;

use super::form::refuse_excess;
use crate::refusal::Refusal;
use crate::state::App;

/// Opens the link, and redirects to the visitor's first page.
pub async fn open(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Path(link): Path<String>,
    method: Method,
    host: RequestHost,
) -> Result<Response, Refusal> {
    // A HEAD request only checks the link, and must not use up a link that works once.
    if method != Method::GET {
        return Err(Refusal::NotFound);
    }
    let opened = app.access.open_link(&link).await?;
    let Some((token, session)) = opened else {
        return Err(dead(&app, client));
    };
    let first = match session.caller.scope {
        Scope::All => "/".to_owned(),
        Scope::Account(account) => format!("/accounts/{account}/automations"),
    };
    super::begin(&app, &host, token.expose(), &session, &first)
}

/// Counts a link that does not work as an attempt. Links that work do not count: behind a proxy, all
/// customers of a product have one address.
fn dead(app: &App, client: Client) -> Refusal {
    refuse_excess(app, client).err().unwrap_or(Refusal::DeadLink)
}
