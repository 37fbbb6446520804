//! The page of the form, for a new and for an existing automation.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::{ConfigureError, Fault};
use postrider_model::{AutomationId, SYSTEM_ACCOUNT};

use super::check::Check;
use super::choices::{Choice, choices};
use super::fields::{Fields, Press};
use super::signature::Profiles;
use super::suggestions::Suggestions;
use crate::conflict::{Conflict, SAVE_ANYWAY};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::{duration, schedule};
use crate::visitor::account::InAccount;
use postrider_signing::template::Preset;

#[derive(Template)]
#[template(path = "automations/form.html")]
struct FormPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    /// The address that the form is sent to.
    target: String,
    /// The address of *Cancel*.
    back: String,
    is_new: bool,
    /// The version that is edited, so that the form overwrites no change that the person has not seen.
    version: i64,
    /// What somebody else saved in the meantime.
    conflict: Option<&'a Conflict>,
    fields: &'a Fields,
    choices: Vec<Choice>,
    /// Patterns and types that the catalogue does not have.
    others: String,
    faults: FieldFaults,
    /// The schedule that applies if the field of delays is empty.
    usual_schedule: String,
    usual_timeout: String,
    /// The delays in the field, as a sentence.
    own_schedule: Option<String>,
    /// The fields that conditions can name.
    suggestions: &'a Suggestions,
    check: Check,
    /// Whether the last action was just added.
    is_added: bool,
    /// Whether the installation has a mail server.
    sends_email: bool,
    /// Whether the last condition was just added.
    is_condition_added: bool,
    /// How requests can be signed.
    profiles: Profiles,
    /// The connections that the account can use: ids and names.
    connections: Vec<(String, String)>,
}

/// The subject of the form.
pub struct Subject {
    /// The automation; `None` for a new one.
    pub id: Option<AutomationId>,
    /// Its version.
    pub version: i64,
    /// What somebody else saved while the form was open. `version` is then theirs.
    pub conflict: Option<Conflict>,
}

/// The page of the form.
pub async fn render(
    app: &App,
    account: &InAccount,
    subject: &Subject,
    fields: &Fields,
    suggestions: &Suggestions,
    (faults, press): (Vec<Fault>, Press),
) -> Result<Response, Refusal> {
    let (choices, rest) = choices(app, account.visitor.caller.scope, &fields.ticked).await?;
    let mut others = rest;
    let typed = fields.others.trim();
    if !typed.is_empty() {
        others.push(typed.to_owned());
    }
    let settings = app.engine.settings();
    let usual = account
        .account()
        .retry_delays
        .as_ref()
        .unwrap_or(&settings.retry_delays);
    let own = schedule::parse(&fields.delays).and_then(|delays| {
        let delays = delays.into_iter().map(|delay| u32::try_from(delay).ok());
        let delays: Option<Vec<u32>> = delays.collect();
        postrider_model::Schedule::from_delays_s(delays?).ok()
    });
    let here = match subject.id {
        None => account.path("automations/new"),
        Some(id) => account.path(&format!("automations/{id}/edit")),
    };
    let back = match subject.id {
        None => account.path("automations"),
        Some(id) => account.path(&format!("automations/{id}")),
    };
    let title = if subject.id.is_none() {
        "New automation"
    } else {
        "Edit automation"
    };
    let faulty = !faults.is_empty();
    let mut response = page(&FormPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, title),
        head: AccountHead::of(account, Tab::Automations),
        target: here,
        back,
        is_new: subject.id.is_none(),
        version: subject.version,
        conflict: subject.conflict.as_ref(),
        fields,
        choices,
        others: others.join(", "),
        faults: FieldFaults::new(faults),
        usual_schedule: schedule::sentence(usual),
        usual_timeout: duration::spelled(settings.attempt_timeout.as_secs()),
        own_schedule: own.as_ref().map(schedule::sentence),
        check: Check::of(app, account, fields, suggestions).await?,
        suggestions,
        is_added: matches!(press, Press::Add | Press::AddEmail | Press::AddPreset(_)),
        sends_email: app.configuration.sends_email(),
        is_condition_added: press == Press::AddCondition,
        profiles: Profiles::of(&app.configuration, account.entry.current_key()),
        connections: connections(app, account).await?,
    })?;
    if subject.conflict.is_some() {
        *response.status_mut() = StatusCode::CONFLICT;
    } else if faulty {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

async fn connections(app: &App, account: &InAccount) -> Result<Vec<(String, String)>, Refusal> {
    let own = account.entry.config.connections.iter();
    let mut found: Vec<_> = own
        .map(|connection| (connection.id.to_string(), connection.name.clone()))
        .collect();
    if account.id() != SYSTEM_ACCOUNT {
        let shared = app.configuration.installation_connections().await?;
        found.extend(shared.into_iter().map(|connection| {
            let name = format!("{} (of the installation)", connection.name);
            (connection.id.to_string(), name)
        }));
    }
    Ok(found)
}

/// The faults of a refused draft; any other error has its own page.
pub fn faults(error: ConfigureError, own: Vec<Fault>) -> Result<Vec<Fault>, Refusal> {
    match error {
        ConfigureError::Faults(mut faults) => {
            faults.extend(own);
            Ok(faults)
        }
        ConfigureError::UidTaken => Ok(vec![Fault {
            pointer: "/uid".to_owned(),
            code: "duplicate",
            detail: "another automation of the account has this id".to_owned(),
        }]),
        ConfigureError::TooMany => Ok(vec![Fault {
            pointer: "/name".to_owned(),
            code: "too_many",
            detail: format!(
                "an account has at most {} automations",
                postrider_model::automation::AUTOMATIONS_MAX
            ),
        }]),
        other => Err(other.into()),
    }
}
