//! `POST /sign-out`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, header};
use postrider_access::people::ProviderSignOut;
use postrider_web::host::RequestHost;

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::Shell;
use crate::state::App;
use crate::visitor::cookie;
use crate::visitor::trail::Sender;

/// Sends the browser on to the identity provider, or says that the provider did not respond. By a page, not
/// by a redirect: browsers apply `form-action` of the Content-Security-Policy to the redirects of a form, and
/// the policy of every page would have to name the provider.
#[derive(Template)]
#[template(path = "sign_in/signed_out.html")]
struct SignedOutPage<'a> {
    shell: Shell<'a>,
    /// Where the provider signs the person out; `None` if it did not say.
    url: Option<String>,
}

/// Ends the session, for this browser and for anybody else who has its token. A person who signed in through
/// the identity provider is signed out there too, if it can do that.
pub async fn sign_out(
    State(app): State<App>,
    Sender(sender): Sender,
    host: RequestHost,
    headers: HeaderMap,
    _form: Form,
) -> Result<Response, Refusal> {
    let ended = match cookie::session(&headers) {
        Some(token) => app.access.sign_out(&sender, token).await?,
        None => None,
    };
    let is_person = ended.is_some_and(|session| session.person.is_some());
    let there = if is_person {
        at_provider(&app, &host).await
    } else {
        ProviderSignOut::None
    };
    let mut response = match there {
        ProviderSignOut::None => Redirect::to("/sign-in").into_response(),
        ProviderSignOut::At(url) => signed_out(&app, &headers, Some(url))?,
        ProviderSignOut::Unknown => signed_out(&app, &headers, None)?,
    };
    // The cookie may have either scope: browsers keep a framed cookie apart from the other one.
    for is_customers in [false, true] {
        if let Some(cookie) = cookie::end_session(app.cookie_scope(&host, is_customers)) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// How the person signs out at the provider, which sends them back to the sign-in page.
async fn at_provider(app: &App, host: &RequestHost) -> ProviderSignOut {
    match (&app.people, app.base_url(host)) {
        (Some(people), Ok(base)) => people.sign_out(&format!("{base}/sign-in")).await,
        _ => ProviderSignOut::None,
    }
}

fn signed_out(app: &App, headers: &HeaderMap, url: Option<String>) -> Result<Response, Refusal> {
    // Without forms, whose token would be that of the session that has ended.
    let mut shell = Shell::anonymous(app, &HeaderMap::new(), "Signed out");
    shell.theme = cookie::theme(headers);
    page(&SignedOutPage { shell, url })
}
