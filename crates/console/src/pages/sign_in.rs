//! Signing in, by an API key, by a link or through the identity provider, and signing out.

pub mod form;
mod link;
mod oidc;
mod sign_out;

use axum::response::{IntoResponse as _, Redirect, Response};
use http::header;
use postrider_access::Session;
use postrider_model::Scope;
use postrider_web::host::RequestHost;

use crate::refusal::Refusal;
use crate::routes::{PUBLIC, Routes};
use crate::state::App;
use crate::visitor::cookie;

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/sign-in", PUBLIC, form::show)
        .post("/sign-in", PUBLIC, form::sign_in)
        .get("/sign-in/oidc", PUBLIC, oidc::begin)
        .get(oidc::CALLBACK, PUBLIC, oidc::finish)
        .get("/sign-in/{token}", PUBLIC, link::show)
        .post("/sign-in/{token}", PUBLIC, link::open)
        .post("/sign-out", PUBLIC, sign_out::sign_out)
}

/// Sets the session's cookie, and redirects.
fn begin(
    app: &App,
    host: &RequestHost,
    token: &str,
    session: &Session,
    to: &str,
) -> Result<Response, Refusal> {
    let lifetime = session.expires_at.since(app.now()).as_secs();
    let is_customers = session.caller.scope != Scope::All;
    let scope = app.cookie_scope(host, is_customers);
    let mut response = Redirect::to(to).into_response();
    // Browsers keep a cookie for frames beside the other one and would send both, so the earlier session
    // would stay. Delete the other cookie.
    let other = app.cookie_scope(host, !is_customers);
    let before = (other != scope).then(|| cookie::end_session(other)).flatten();
    let cookie = cookie::set_session(token, lifetime, scope).ok_or(Refusal::Internal)?;
    for cookie in before.into_iter().chain([cookie]) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
