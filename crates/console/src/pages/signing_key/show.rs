//! `GET /accounts/{account}/signing-key`, and the same of an action: the keys without their secrets. `POST`:
//! with the requested secret.
//!
//! Only the response to a form contains the secret. It is part of no address, so no history and no log has
//! it, and a page that is only viewed (also by somebody behind the reader) does not contain it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{Action, Does, KeyAlgorithm, KeyMaterial, SigningKey, Timestamp};
use postrider_signing::profile::{BuiltIn, HeaderOutline, public_key};

use super::owner::{Owner, OwningAction, Which};
use super::verify::Verify;
use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::id::CopyId;
use crate::view::time::{Exact, Moment};
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "signing_key/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    /// The address of the page.
    path: String,
    /// The action whose keys these are; `None` for the account's.
    action: Option<OwningAction<'a>>,
    /// How many actions of the account have keys of their own.
    others: usize,
    keys: Vec<KeyRow>,
    /// When the older key expires, if there is one.
    overlap_ends: Option<Exact>,
    is_rotated: bool,
    verify: Verify,
    /// The address of the page that verifies a request.
    verify_path: String,
    /// How webhooks are signed, unless as the snippets verify.
    profile: Option<ProfileWords>,
}

/// A signature profile, for people.
struct ProfileWords {
    name: String,
    /// Its headers that hold a signature.
    headers: Vec<HeaderOutline>,
    is_built_in: bool,
    is_ed25519: bool,
}

struct KeyRow {
    id: String,
    copy_id: CopyId,
    created: Moment,
    /// When the key stops signing; `None` for the current key.
    ends: Option<Exact>,
    /// The secret, if it was requested.
    secret: Option<String>,
    /// Of an Ed25519 key, what receivers verify with.
    public: Option<String>,
    /// `whsec_` or `whsk_`.
    prefix: &'static str,
}

/// The page.
pub async fn show(State(app): State<App>, account: InAccount, which: Which) -> Result<Response, Refusal> {
    render(&app, &account, &which, None)
}

/// The page with one of the secrets, once that is in the audit trail.
pub async fn reveal(
    State(app): State<App>,
    account: InAccount,
    which: Which,
    form: Form,
) -> Result<Response, Refusal> {
    let key = form.text("key");
    let owner = Owner::of(&account, &which)?;
    let shown = owner.live(app.now()).find(|live| live.id.to_string() == key);
    if let Some(shown) = shown {
        let by = &account.visitor.by;
        app.configuration
            .note_revealed(by, account.id(), shown.id)
            .await?;
    }
    render(&app, &account, &which, Some(key))
}

/// `shown`: the id of the key whose secret was requested.
fn render(app: &App, account: &InAccount, which: &Which, shown: Option<&str>) -> Result<Response, Refusal> {
    let now = app.now();
    let owner = Owner::of(account, which)?;
    let keys: Vec<KeyRow> = owner.live(now).map(|key| KeyRow::new(key, shown, now)).collect();
    let visitor = &account.visitor;
    page(&ShowPage {
        shell: Shell::of(app, visitor, Section::Accounts, "Signing key"),
        head: AccountHead::of(
            account,
            match owner.action {
                None => Tab::SigningKey,
                Some(_) => Tab::Automations,
            },
        ),
        overlap_ends: keys.iter().find_map(|key| key.ends.clone()),
        keys,
        profile: profile_of(app, &owner),
        others: with_own_keys(account),
        is_rotated: visitor.query.get("rotated").is_some(),
        verify: Verify::of(
            &visitor.query,
            &owner.path,
            &app.configuration.header_names().prefix,
        ),
        verify_path: match &owner.action {
            None => account.path("signing-key/verify"),
            Some(action) => account.path(&format!("signing-key/verify?key={}", action.id)),
        },
        path: owner.path,
        action: owner.action,
    })
}

/// How many actions have keys of their own.
fn with_own_keys(account: &InAccount) -> usize {
    let actions = account.entry.config.automations.iter();
    let actions = actions.flat_map(|automation| &automation.actions);
    actions.filter(|action| has_own_keys(action)).count()
}

fn has_own_keys(action: &Action) -> bool {
    match &action.does {
        Does::SendWebhook(webhook) => !webhook.signature.own_keys.is_empty(),
        Does::SendEmail(_) => false,
    }
}

/// The profile that signs, unless it is the default one.
fn profile_of(app: &App, owner: &Owner<'_>) -> Option<ProfileWords> {
    let profiles = app.configuration.signature_profiles();
    let name = match &owner.signature.profile {
        Some(name) => name.clone(),
        None => profiles.default_profile().name().to_owned(),
    };
    let headers = profiles
        .find(Some(&name))
        .map(|profile| profile.outline(owner.algorithm()));
    let mut headers = headers.unwrap_or_default();
    headers.retain(|header| header.signed.is_some());
    (name != BuiltIn::Postrider.name()).then(|| ProfileWords {
        headers,
        is_built_in: BuiltIn::find(&name).is_some(),
        is_ed25519: owner.algorithm() == KeyAlgorithm::Ed25519,
        name,
    })
}

impl KeyRow {
    fn new(key: &SigningKey, shown: Option<&str>, now: Timestamp) -> Self {
        let id = key.id.to_string();
        let (public, prefix) = match &key.secret {
            KeyMaterial::Hmac(_) => (None, "whsec_"),
            KeyMaterial::Ed25519(secret) => (Some(public_key(secret).to_string()), "whsk_"),
        };
        Self {
            secret: (shown == Some(id.as_str())).then(|| key.secret.expose()),
            public,
            prefix,
            copy_id: CopyId::new(&id),
            created: Moment::new(key.created_at, now),
            ends: key.expires_at.map(Exact::date),
            id,
        }
    }
}
