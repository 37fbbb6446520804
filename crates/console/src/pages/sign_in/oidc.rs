//! `GET /sign-in/oidc` and `GET /sign-in/oidc/callback`: through the identity provider.
//!
//! The protocol ends with a GET. It signs in only the browser that began the sign-in: that browser sends the
//! cookie of the first GET, whose sealed state the provider's response repeats
//! ([`postrider_access::people`]).

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use postrider_access::by_person;
use postrider_access::people::{Answer, FLOW_LIFETIME, FailedSignIn, SignInFault};
use postrider_model::By;
use postrider_web::client::Client;
use postrider_web::host::RequestHost;
use postrider_web::wait::whole_seconds;

use super::form::{Note, refuse_excess, render};
use crate::pages::theme::own_address;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::cookie;
use crate::visitor::trail::{Sender, sign_in_refused};

/// Where the provider sends the browser back to.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

/// Sends the browser to the provider.
pub async fn begin(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Sender(sender): Sender,
    host: RequestHost,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let people = app.people.as_ref().ok_or(Refusal::NotFound)?;
    // Without `public_url`, only the browsers of this machine name a host that can be trusted.
    if app.public_url.is_none() && !host.is_loopback() {
        return Err(Refusal::UnusableHost);
    }
    let query = Query::of(&uri);
    let back = own_address(query.get("back").unwrap_or("/"));
    if people.begin_asks() {
        refuse_excess_questions(&app, client)?;
    }
    let redirect_uri = format!("{}{CALLBACK}", app.base_url(&host)?);
    let begun = match people
        .begin(&redirect_uri, back, query.get("again").is_some())
        .await
    {
        Ok(begun) => begun,
        Err(fault) => {
            let back = back.to_owned();
            let failure = FailedSignIn { fault, back };
            return failed(&app, (client, &sender), &host, &headers, failure);
        }
    };
    let scope = app.cookie_scope(&host, false);
    let cookie = cookie::set_flow(&begun.cookie, FLOW_LIFETIME.as_secs(), scope);
    let mut response = Redirect::to(&begun.url).into_response();
    let cookie = cookie.ok_or(Refusal::Internal)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Signs in the person whom the provider sent back, and returns to the address that they asked for.
pub async fn finish(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Sender(sender): Sender,
    host: RequestHost,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let people = app.people.as_ref().ok_or(Refusal::NotFound)?;
    let query = Query::of(&uri);
    let answer = Answer {
        state: query.get("state"),
        code: query.get("code"),
        error: query.get("error"),
        issuer: query.get("iss"),
    };
    let finished = match people.returned(cookie::flow(&headers), answer) {
        Ok(returned) => {
            refuse_excess_questions(&app, client)?;
            people.finish(&sender, returned).await
        }
        Err(failure) => Err(failure),
    };
    // A response that belongs to no sign-in may be another site's: the one under way stays.
    let is_over = !matches!(&finished, Err(failure) if matches!(failure.fault, SignInFault::Lost));
    let mut response = match finished {
        Ok(signed_in) => {
            let back = own_address(&signed_in.back);
            super::begin(&app, &host, signed_in.token.expose(), &signed_in.session, back)?
        }
        Err(failure) => failed(&app, (client, &sender), &host, &headers, failure)?,
    };
    if is_over && let Some(cookie) = cookie::end_flow(app.cookie_scope(&host, false)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Counts a sign-in that makes us ask the provider, and refuses it beyond the limit.
fn refuse_excess_questions(app: &App, client: Client) -> Result<(), Refusal> {
    app.provider_limit.count(client.address).map_err(|wait| {
        tracing::warn!(address = %client.address, "too many sign-ins through the identity provider");
        Refusal::TooManySignIns {
            wait_s: whole_seconds(wait).max(1),
        }
    })
}

/// The sign-in page, with what went wrong. Counts the failures that a stranger can cause.
fn failed(
    app: &App,
    (client, sender): (Client, &By),
    host: &RequestHost,
    headers: &HeaderMap,
    failure: FailedSignIn,
) -> Result<Response, Refusal> {
    let FailedSignIn { fault, back } = failure;
    note_refusal(app, sender, &fault);
    match fault {
        SignInFault::Store(error) => return Err(error.into()),
        SignInFault::Unreachable(_) | SignInFault::Unusable(_) | SignInFault::Busy => {
            tracing::warn!(address = %client.address, "sign-in failed: {fault}");
        }
        SignInFault::NoRole(_) | SignInFault::Denied => {
            tracing::info!(address = %client.address, "sign-in failed: {fault}");
        }
        SignInFault::Lost | SignInFault::Refused(_) | SignInFault::Untrusted(_) => {
            refuse_excess(app, client)?;
            tracing::info!(address = %client.address, "sign-in failed: {fault}");
        }
    }
    let (status, text) = words(&fault);
    let note = Note {
        text,
        asks_who: matches!(fault, SignInFault::NoRole(_)),
    };
    let mut response = render(app, host, headers, own_address(&back), Some(note), None)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Notes a failed sign-in in the audit trail, except where the provider or the store failed.
fn note_refusal(app: &App, sender: &By, fault: &SignInFault) {
    let reason = match fault {
        SignInFault::NoRole(person) => {
            return sign_in_refused(app, &by_person(sender, person), "no_role", None);
        }
        SignInFault::Denied => "denied_by_provider",
        SignInFault::Refused(_) => "refused_by_provider",
        SignInFault::Lost => "unknown_sign_in",
        SignInFault::Untrusted(_) => "untrusted_identity",
        SignInFault::Unreachable(_)
        | SignInFault::Unusable(_)
        | SignInFault::Busy
        | SignInFault::Store(_) => {
            return;
        }
    };
    sign_in_refused(app, sender, reason, None);
}

/// What happened, and what to do. The log has the rest.
fn words(fault: &SignInFault) -> (StatusCode, &'static str) {
    match fault {
        SignInFault::Lost => (
            StatusCode::BAD_REQUEST,
            "This sign-in began in another browser or window, took longer than ten minutes, or has already ended. \
             Sign in again.",
        ),
        SignInFault::Unreachable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Your identity provider does not respond. Try again in a moment.",
        ),
        SignInFault::Unusable(_) => (
            StatusCode::BAD_GATEWAY,
            "Your identity provider sent a response that cannot be used. The server log says why.",
        ),
        SignInFault::Denied => (
            StatusCode::FORBIDDEN,
            "Your identity provider did not permit the sign-in, or you canceled it.",
        ),
        SignInFault::Refused(_) => (
            StatusCode::FORBIDDEN,
            "Your identity provider refused the sign-in. Sign in again; the server log says why.",
        ),
        SignInFault::Untrusted(_) => (
            StatusCode::FORBIDDEN,
            "Your identity could not be verified. The server log says why.",
        ),
        SignInFault::NoRole(_) => (
            StatusCode::FORBIDDEN,
            "Your account has no role here. Ask an administrator for access, or sign in with another account.",
        ),
        SignInFault::Busy | SignInFault::Store(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many people are signing in. Try again in a moment.",
        ),
    }
}
