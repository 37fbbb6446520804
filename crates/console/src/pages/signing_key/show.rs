//! `GET /accounts/{account}/signing-key`: the keys without their secrets. `POST`: with the requested secret.
//!
//! Only the response to a form contains the secret. It is part of no address, so no history and no log has
//! it, and a page that is only viewed (also by somebody behind the reader) does not contain it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{SigningKey, Timestamp};
use postrider_signing::profile::BuiltIn;

use super::verify::Verify;
use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::id::CopyId;
use crate::view::time::{Moment, date};
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "signing_key/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    keys: Vec<KeyRow<'a>>,
    /// When the older key expires, if there is one.
    overlap_ends: Option<String>,
    is_rotated: bool,
    verify: Verify,
    /// The name of the installation's signature profile and its headers, unless it is the default.
    profile: Option<(String, String)>,
}

struct KeyRow<'a> {
    id: String,
    copy_id: CopyId,
    created: Moment,
    /// When the key stops signing; `None` for the current key.
    ends: Option<String>,
    /// The secret, if it was requested.
    secret: Option<&'a str>,
}

/// The page.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    render(&app, &account, None)
}

/// The page with one of the secrets, once that is in the audit trail.
pub async fn reveal(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    let key = form.text("key");
    let shown = super::live(&account, app.now()).find(|live| live.id.to_string() == key);
    if let Some(shown) = shown {
        let by = &account.visitor.by;
        app.configuration
            .note_revealed(by, account.id(), shown.id)
            .await?;
    }
    render(&app, &account, Some(key))
}

/// `shown`: the id of the key whose secret was requested.
fn render(app: &App, account: &InAccount, shown: Option<&str>) -> Result<Response, Refusal> {
    let now = app.now();
    let keys: Vec<KeyRow<'_>> = super::live(account, now)
        .map(|key| KeyRow::new(key, shown, now))
        .collect();
    let visitor = &account.visitor;
    page(&ShowPage {
        shell: Shell::of(app, visitor, Section::Accounts, "Signing key"),
        head: AccountHead::of(account, Tab::SigningKey),
        overlap_ends: keys.iter().find_map(|key| key.ends.clone()),
        keys,
        profile: profile_of(app),
        is_rotated: visitor.query.get("rotated").is_some(),
        verify: Verify::of(
            &visitor.query,
            &account.path("signing-key"),
            &app.configuration.header_names().prefix,
        ),
    })
}

/// The signature profile and its headers, if it is not the default.
fn profile_of(app: &App) -> Option<(String, String)> {
    let profile = app.configuration.signature_profile();
    let headers: Vec<_> = profile.header_names().collect();
    (profile.name() != BuiltIn::Postrider.name()).then(|| (profile.name().to_owned(), headers.join(", ")))
}

impl<'a> KeyRow<'a> {
    fn new(key: &'a SigningKey, shown: Option<&str>, now: Timestamp) -> Self {
        let id = key.id.to_string();
        Self {
            secret: (shown == Some(id.as_str())).then(|| key.secret.expose()),
            copy_id: CopyId::new(&id),
            created: Moment::new(key.created_at, now),
            ends: key.expires_at.map(date),
            id,
        }
    }
}
