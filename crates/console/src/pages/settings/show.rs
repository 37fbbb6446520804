//! `GET` and `POST /accounts/{account}/settings`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_configuration::{ConfigureError, Fault};
use postrider_model::{Account, SYSTEM_ACCOUNT};

use super::fields::Fields;
use crate::conflict::{Conflict, Edited, SAVE_ANYWAY};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::pages::accounts::uid_taken;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::schedule;
use crate::view::time::Moment;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "settings/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    is_saved: bool,
    /// The version that is edited, so that the form overwrites no change that the person has not seen.
    version: i64,
    /// What somebody else saved in the meantime.
    conflict: Option<Conflict>,
    fields: Fields,
    faults: FieldFaults,
    /// The installation's schedule, which applies if the account has none.
    usual_schedule: String,
    /// The schedule in effect.
    schedule: String,
    created: Moment,
    changed: Moment,
    /// Whether the account can be deleted.
    is_deletable: bool,
}

/// The page.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let fields = Fields::of(account.account());
    let version = account.account().version;
    render(&app, &account, fields, version, (Vec::new(), None))
}

/// Saves it, or shows the form again.
pub async fn save(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    let current = account.account().clone();
    let fields = Fields::typed(&form, &current, account.visitor.is_admin());
    // The version that the person saw, not the current one.
    let version = form.text("version").parse().unwrap_or(0);
    if current.version != version {
        return conflict(&app, &account, &current, fields).await;
    }
    let draft = fields.draft(&current);
    let faults = match app
        .configuration
        .update_account(&account.visitor.by, current, draft)
        .await
    {
        Ok(_) => return Ok(Redirect::to(&account.path("settings?saved=1")).into_response()),
        Err(ConfigureError::Faults(faults)) => faults,
        Err(ConfigureError::UidTaken) => vec![uid_taken()],
        Err(other) => return Err(other.into()),
    };
    let mut response = render(&app, &account, fields, version, (faults, None))?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// The form with everything that was typed, and what somebody else has saved.
async fn conflict(
    app: &App,
    account: &InAccount,
    saved: &Account,
    fields: Fields,
) -> Result<Response, Refusal> {
    let edited = Edited {
        account: Some(saved.id),
        id: saved.id.to_string(),
        at: saved.updated_at,
        form: account.path("settings"),
    };
    let differing = fields.differing(&Fields::of(saved), account.visitor.is_admin());
    let conflict = Conflict::of(app, &account.visitor, edited, differing).await?;
    let mut response = render(app, account, fields, saved.version, (Vec::new(), Some(conflict)))?;
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

fn render(
    app: &App,
    account: &InAccount,
    fields: Fields,
    version: i64,
    (faults, conflict): (Vec<Fault>, Option<Conflict>),
) -> Result<Response, Refusal> {
    let now = app.now();
    let usual = &app.engine.settings().retry_delays;
    let is = account.account();
    page(&ShowPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Settings"),
        head: AccountHead::of(account, Tab::Settings),
        path: account.path("settings"),
        is_saved: account.visitor.query.get("saved").is_some(),
        version,
        conflict,
        fields,
        faults: FieldFaults::new(faults),
        usual_schedule: schedule::sentence(usual),
        schedule: schedule::sentence(is.retry_delays.as_ref().unwrap_or(usual)),
        created: Moment::new(is.created_at, now),
        changed: Moment::new(is.updated_at, now),
        is_deletable: account.id() != SYSTEM_ACCOUNT,
    })
}
