//! `GET` and `POST /accounts/{account}/signing-key/rotate`, and the same of an action

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_configuration::{ConfigureError, Fault, ROTATIONS_PER_MINUTE, RotationDraft, codes};
use postrider_model::KeyAlgorithm;
use postrider_storage::rules::signing_keys::LIVE_KEYS_MAX;

use postrider_web::wait::whole_seconds;

use super::owner::{Owner, Which};

use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::duration;
use crate::view::time::Exact;
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
    /// When the last older key expires that still signs.
    older_ends: Option<Exact>,
    /// Whether as many keys sign as may.
    is_full: bool,
    secret: &'a str,
    /// Whether the signature profile takes keys of both kinds.
    takes_both: bool,
    /// The kind that is chosen.
    algorithm: KeyAlgorithm,
    faults: FieldFaults,
}

struct Overlap {
    seconds: i64,
    words: &'static str,
    /// The date on which the current key would expire.
    until: Exact,
    is_chosen: bool,
}

/// The form.
pub async fn ask(State(app): State<App>, account: InAccount, which: Which) -> Result<Response, Refusal> {
    let owner = Owner::of(&account, &which)?;
    render(&app, &account, owner, &Form::default(), FieldFaults::default())
}

/// Rotates, or shows the form again.
pub async fn rotate(
    State(app): State<App>,
    account: InAccount,
    which: Which,
    form: Form,
) -> Result<Response, Refusal> {
    let owner = Owner::of(&account, &which)?;
    if owner.current()?.to_string() != form.text("current") {
        return Err(Refusal::Stale);
    }
    let secret = form.text("secret").trim();
    let draft = RotationDraft {
        // A value that is not a number becomes -1, which the draft's check refuses as out of range.
        overlap_s: Some(form.text("overlap").parse().unwrap_or(-1)),
        secret: (!secret.is_empty()).then(|| secret.to_owned()),
        // What is typed says itself which kind it is.
        algorithm: algorithm(&form).filter(|_| secret.is_empty()),
    };
    let (configuration, by) = (&app.configuration, &account.visitor.by);
    let rotated = match &owner.action {
        None => {
            configuration
                .rotate_signing_key(by, account.id(), draft, &*app.engine)
                .await
        }
        Some(action) => {
            let automation = action.automation;
            configuration
                .rotate_action_key(by, account.id(), automation, action.id, draft, &*app.engine)
                .await
        }
    };
    match rotated {
        Ok(_) => Ok(Redirect::to(&format!("{}?rotated=1", owner.path)).into_response()),
        Err(ConfigureError::Faults(faults)) => {
            let mut response = render(&app, &account, owner, &form, FieldFaults::new(faults))?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(ConfigureError::TooManyRotations { retry_after }) => {
            let fault = Fault {
                pointer: "/overlap_s".to_owned(),
                code: codes::TOO_MANY,
                detail: format!(
                    "an account can rotate {ROTATIONS_PER_MINUTE} keys a minute. Try again in {}",
                    duration::spelled(whole_seconds(retry_after))
                ),
            };
            let mut response = render(&app, &account, owner, &form, FieldFaults::new(vec![fault]))?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(response)
        }
        Err(other) => Err(other.into()),
    }
}

/// The kind that is chosen; `None` for that of the current key.
fn algorithm(form: &Form) -> Option<KeyAlgorithm> {
    KeyAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.name() == form.text("algorithm"))
}

fn render(
    app: &App,
    account: &InAccount,
    owner: Owner<'_>,
    form: &Form,
    faults: FieldFaults,
) -> Result<Response, Refusal> {
    let now = app.now();
    let chosen = form.get("overlap").map_or(OVERLAP_S_USUAL, |seconds| {
        seconds.parse().unwrap_or(OVERLAP_S_USUAL)
    });
    let overlaps = OVERLAPS.map(|(seconds, words)| Overlap {
        seconds,
        words,
        until: Exact::date(now.after(std::time::Duration::from_secs(seconds.unsigned_abs()))),
        is_chosen: seconds == chosen,
    });
    let profiles = app.configuration.signature_profiles();
    let profile = profiles.find(owner.signature.profile.as_deref());
    page(&RotatePage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Rotate the signing key"),
        head: AccountHead::of(
            account,
            match owner.action {
                None => Tab::SigningKey,
                Some(_) => Tab::Automations,
            },
        ),
        current: owner.current()?.to_string(),
        overlaps: overlaps.into(),
        older_ends: owner
            .live(now)
            .filter_map(|key| key.expires_at)
            .max()
            .map(Exact::date),
        is_full: owner.live(now).count() >= LIVE_KEYS_MAX,
        takes_both: profile.is_some_and(|profile| {
            KeyAlgorithm::ALL
                .into_iter()
                .all(|algorithm| profile.takes(algorithm).is_ok())
        }),
        algorithm: algorithm(form).unwrap_or_else(|| owner.algorithm()),
        path: owner.path,
        secret: form.text("secret"),
        faults,
    })
}
