//! `GET` and `POST /accounts/{account}/signing-key/rotate`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_configuration::{ConfigureError, RotationDraft};

use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::time::date;
use crate::visitor::account::InAccount;

/// The choices for the overlap, in seconds, with their words. The last one is the maximum of the
/// configuration.
const OVERLAPS: [(i64, &str); 5] = [
    (0, "At once"),
    (3_600, "In 1 hour"),
    (86_400, "In 1 day"),
    (7 * 86_400, "In 7 days"),
    (30 * 86_400, "In 30 days"),
];

/// The overlap that is chosen at first: a day, in which receivers adopt the new key.
const OVERLAP_S_USUAL: i64 = 86_400;

#[derive(Template)]
#[template(path = "signing_key/rotate.html")]
struct RotatePage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    /// The id of the key to replace, so that two clicks rotate only once.
    current: String,
    overlaps: Vec<Overlap>,
    /// When an older key that still signs expires, if nobody rotates before that.
    older_ends: Option<String>,
    secret: &'a str,
    faults: FieldFaults,
}

struct Overlap {
    seconds: i64,
    words: &'static str,
    /// The date on which the current key would expire.
    until: String,
    is_chosen: bool,
}

/// The form.
pub async fn ask(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    render(&app, &account, &Form::default(), FieldFaults::default())
}

/// Rotates, or shows the form again.
pub async fn rotate(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    if current(&app, &account)? != form.text("current") {
        return Err(Refusal::Stale);
    }
    let secret = form.text("secret").trim();
    let draft = RotationDraft {
        // A value that is not a number becomes -1, which the draft's check refuses as out of range.
        overlap_s: Some(form.text("overlap").parse().unwrap_or(-1)),
        secret: (!secret.is_empty()).then(|| secret.to_owned()),
    };
    match app
        .configuration
        .rotate_signing_key(&account.visitor.by, account.id(), draft)
        .await
    {
        Ok(_) => Ok(Redirect::to(&account.path("signing-key?rotated=1")).into_response()),
        Err(ConfigureError::Faults(faults)) => {
            let mut response = render(&app, &account, &form, FieldFaults::new(faults))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(other) => Err(other.into()),
    }
}

fn current(app: &App, account: &InAccount) -> Result<String, Refusal> {
    let current = super::live(account, app.now()).find(|key| key.expires_at.is_none());
    current.map(|key| key.id.to_string()).ok_or(Refusal::NotFound)
}

fn render(app: &App, account: &InAccount, form: &Form, faults: FieldFaults) -> Result<Response, Refusal> {
    let now = app.now();
    let chosen = form.get("overlap").map_or(OVERLAP_S_USUAL, |seconds| {
        seconds.parse().unwrap_or(OVERLAP_S_USUAL)
    });
    let overlaps = OVERLAPS.map(|(seconds, words)| Overlap {
        seconds,
        words,
        until: date(now.after(std::time::Duration::from_secs(seconds.unsigned_abs()))),
        is_chosen: seconds == chosen,
    });
    page(&RotatePage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Rotate the signing key"),
        head: AccountHead::of(account, Tab::SigningKey),
        path: account.path("signing-key"),
        current: current(app, account)?,
        overlaps: overlaps.into(),
        older_ends: super::live(account, now).find_map(|key| key.expires_at.map(date)),
        secret: form.text("secret"),
        faults,
    })
}
