//! `GET` and `POST /sign-in`: the ways in, and signing in with an API key.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use postrider_access::{SignIn, shown_key};
use postrider_web::client::Client;
use postrider_web::host::RequestHost;
use postrider_web::wait::whole_seconds;

use crate::console::page;
use crate::form::Form;
use crate::pages::theme::own_address;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shell::Shell;
use crate::state::App;
use crate::visitor::trail::{Sender, sign_in_refused};
use crate::visitor::{cookie, csrf, is_in_frame};

#[derive(Template)]
#[template(path = "sign_in/form.html")]
struct SignInPage<'a> {
    shell: Shell<'a>,
    back: &'a str,
    note: Option<Note>,
    /// The button of the identity provider, if there is one.
    provider: Option<&'a str>,
    /// Where it leads.
    provider_href: String,
    /// Whether the provider asks who it is, even if somebody is signed in there.
    asks_who: bool,
    signs_in_by_key: bool,
    fault: Option<&'static str>,
    /// Only customers see the console in a frame, and they have no key to sign in with. A person with a key
    /// should see which site asks for it.
    is_in_frame: bool,
}

/// Why a sign-in through the identity provider failed.
pub struct Note {
    /// The text to show.
    pub text: &'static str,
    /// Whether the provider should ask again, because it would otherwise name the same person.
    pub asks_who: bool,
}

/// The address of the form that returns to `back` after sign-in.
pub fn address(back: &str) -> String {
    if back == "/" {
        return "/sign-in".to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("back", back)
        .finish();
    format!("/sign-in?{query}")
}

/// The address that begins a sign-in through the identity provider.
fn provider_address(back: &str, asks_who: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if back != "/" {
        query.append_pair("back", back);
    }
    if asks_who {
        query.append_pair("again", "1");
    }
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("/sign-in/oidc{separator}{query}")
}

/// The form.
pub async fn show(
    State(app): State<App>,
    host: RequestHost,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let query = Query::of(&uri);
    let back = own_address(query.get("back").unwrap_or("/"));
    render(&app, &host, &headers, back, None, None)
}

/// Signs in. The response to a wrong key says only that it is wrong. Only wrong keys count toward the limit,
/// so that a stranger behind the same proxy locks nobody out.
pub async fn sign_in(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Sender(sender): Sender,
    host: RequestHost,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    if !app.signs_in_by_key {
        return Err(Refusal::NoKeys);
    }
    let back = own_address(form.text("back"));
    let key = form.text("key").trim();
    let fault = match app.access.sign_in(&sender, key).await? {
        SignIn::Begun(token, session) => return super::begin(&app, &host, token.expose(), &session, back),
        SignIn::MayNotRead => {
            sign_in_refused(&app, &sender, "permission_denied", shown_key(key));
            "This API key cannot sign in: it lacks the permission to read."
        }
        SignIn::UnknownKey => {
            sign_in_refused(&app, &sender, "unknown_key", shown_key(key));
            refuse_excess(&app, client)?;
            tracing::info!(address = %client.address, "sign-in failed: unknown API key");
            "This API key is not valid here."
        }
    };
    let mut response = render(&app, &host, &headers, back, None, Some(fault))?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Counts a failed sign-in, and refuses it beyond the limit.
pub fn refuse_excess(app: &App, client: Client) -> Result<(), Refusal> {
    app.sign_in_limit.count(client.address).map_err(|wait| {
        tracing::warn!(address = %client.address, "too many failed sign-ins");
        Refusal::TooManyTries {
            wait_s: whole_seconds(wait).max(1),
        }
    })
}

/// The page, with the reason if a sign-in failed.
pub(super) fn render(
    app: &App,
    host: &RequestHost,
    headers: &HeaderMap,
    back: &str,
    note: Option<Note>,
    fault: Option<&'static str>,
) -> Result<Response, Refusal> {
    let mut shell = Shell::anonymous(app, headers, "Sign in");
    let asks_who = note.as_ref().is_some_and(|note| note.asks_who);
    // A form needs a secret for its token.
    let fresh = csrf::token(headers).is_none().then(fresh_secret);
    if let Some(fresh) = &fresh {
        shell.csrf = csrf::of(fresh);
    }
    let mut response = page(&SignInPage {
        shell,
        back,
        provider: app.people.as_ref().map(|people| people.label()),
        provider_href: provider_address(back, asks_who),
        asks_who,
        signs_in_by_key: app.signs_in_by_key,
        note,
        fault,
        is_in_frame: is_in_frame(headers),
    })?;
    let cookie = fresh.and_then(|fresh| cookie::set_form(&fresh, app.cookie_scope(host, false)));
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    let robots = HeaderValue::from_static("noindex");
    response.headers_mut().insert("x-robots-tag", robots);
    Ok(response)
}

fn fresh_secret() -> String {
    let mut random = [0; 24];
    getrandom::fill(&mut random).expect("the system has had randomness since it started");
    URL_SAFE_NO_PAD.encode(random)
}
