//! `GET` and `POST /accounts/{account}/signing-key/verify`: which signatures of a pasted request match, and
//! why none does.
//!
//! The permission `read` suffices. The page verifies on the server, shows no key and no signature that was
//! not pasted, and compares in constant time ([`postrider_signing::diagnosis`]). So it only tells visitors
//! whether a signature that they already have is right.

mod keys;
mod recorded;
mod request;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use self::keys::Choice;
use self::recorded::Recorded;
use self::request::{Judged, Pasted};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::coded::Coded;
use crate::view::icon::Icon;
use crate::view::status::{Badge, Tone};
use crate::visitor::account::InAccount;

/// Requests that a node judges at a time, of the few that it takes ([`Rooms`]). The search for mistakes takes
/// up to 0.57 s of a core (measured with 500 KiB of numbers), and before it each of 64 keys hashes the body
/// twice. A core is better spent on deliveries.
pub const DIAGNOSES_MAX: usize = 1;

const MATCHES: Badge = Badge::new(Tone::Good, Icon::Check, "Matches");
const EXPIRED: Badge = Badge::new(Tone::Busy, Icon::Clock, "Expired key");
const DIFFERS: Badge = Badge::new(Tone::Bad, Icon::Cross, "Does not match");

#[derive(Template)]
#[template(path = "signing_key/verify.html")]
struct VerifyPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    /// Where the pages of events are.
    events: String,
    choices: Vec<Choice>,
    headers: &'a str,
    body: &'a str,
    is_base64: bool,
    judged: Option<Judged>,
    /// What was sent for the event, if no signature matches.
    recorded: Option<Recorded>,
    faults: FieldFaults,
}

/// The form.
pub async fn ask(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let chosen = account.visitor.query.get("key").unwrap_or_default();
    render(&app, &account, chosen, &Form::default(), Ok(None), None)
}

/// The form with what the signatures prove.
pub async fn judge(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    let chosen = form.text("key");
    let keys = keys::keys(&account, chosen, app.now());
    let profiles = app.configuration.signature_profiles().clone();
    let pasted = match Pasted::of(&form) {
        Ok(pasted) => pasted,
        Err(fault) => {
            return render(
                &app,
                &account,
                chosen,
                &form,
                Err(FieldFaults::new(vec![fault])),
                None,
            );
        }
    };
    // One of an account, so that an account does not keep the others from their turn.
    let room = app.diagnosed.room(account.id()).map_err(|_| Refusal::Busy)?;
    let turn = Arc::clone(&app.diagnoses).acquire_owned().await;
    let turn = turn.map_err(|_| Refusal::Busy)?;
    let judging = tokio::task::spawn_blocking(move || {
        // If the visitor leaves, both end with the work, too.
        let _until_judged = turn;
        let judged = pasted.judged(&keys, &profiles);
        (pasted, judged, room)
    });
    let (pasted, judged, room) = judging.await.map_err(|error| {
        tracing::error!(%error, "a diagnosis panicked");
        Refusal::Internal
    })?;
    let recorded = match &judged {
        Ok(judged) if !judged.is_verified() => recorded::compare(&app, &account, &pasted).await?,
        _ => None,
    };
    // Templates are rendered for the comparison, so an account has one of these at a time as well.
    drop(room);
    let judged = judged.map(Some).map_err(|fault| FieldFaults::new(vec![fault]));
    render(&app, &account, chosen, &form, judged, recorded)
}

fn render(
    app: &App,
    account: &InAccount,
    chosen: &str,
    form: &Form,
    judged: Result<Option<Judged>, FieldFaults>,
    recorded: Option<Recorded>,
) -> Result<Response, Refusal> {
    let is_faulty = judged.is_err();
    let (judged, faults) = match judged {
        Ok(judged) => (judged, FieldFaults::default()),
        Err(faults) => (None, faults),
    };
    let mut response = page(&VerifyPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Verify a request"),
        head: AccountHead::of(account, Tab::SigningKey),
        path: account.path("signing-key"),
        events: account.path("events"),
        choices: keys::choices(account, chosen),
        headers: form.text("headers"),
        body: form.text("body"),
        is_base64: form.is_ticked("base64"),
        judged,
        recorded,
        faults,
    })?;
    if is_faulty {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}
