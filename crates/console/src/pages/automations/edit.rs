//! `GET` and `POST /accounts/{account}/automations/{id}/edit`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_configuration::ConfigureError;
use postrider_model::{Automation, AutomationId};

use super::differing::differing;
use super::fields::{Fields, Press};
use super::form::{Subject, faults, render};
use super::notice::NoticeFields;
use super::off_since::off_since;
use super::suggestions::Suggestions;
use super::test;
use crate::conflict::{Conflict, Edited};
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// The form, filled in.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
) -> Result<Response, Refusal> {
    let automation = super::automation(&account, id)?;
    let subject = Subject {
        id: Some(id),
        version: automation.version,
        conflict: None,
    };
    let mut fields = Fields::of(automation);
    fields.notice = NoticeFields::of(&app, &account, Some(automation));
    let suggestions = Suggestions::of(&app, &account, &fields.event_types()).await?;
    let faults = (Vec::new(), Press::Save);
    render(&app, &account, &subject, &fields, &suggestions, faults).await
}

/// Saves it, or shows the form again. Overwrites no change that the person has not been told of.
pub async fn save(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    form: Form,
) -> Result<Response, Refusal> {
    let mut current = super::automation(&account, id)?.clone();
    // The version that the person saw, not the current one.
    let version = form.text("version").parse().unwrap_or(0);
    let subject = Subject {
        id: Some(id),
        version,
        conflict: None,
    };
    let mut fields = Fields::typed(&form);
    let suggestions = Suggestions::of(&app, &account, &fields.event_types()).await?;
    let press = Press::of(&form);
    if !press.saves() {
        fields.press(press, &suggestions);
        let faults = (Vec::new(), press);
        return render(&app, &account, &subject, &fields, &suggestions, faults).await;
    }
    if current.version != version {
        return conflict(&app, &account, current, fields, &suggestions).await;
    }
    current.version = version;
    let (mut draft, own) = fields.draft(&suggestions);
    // The form has no field for it.
    draft.metadata = Some(current.metadata.clone());
    if !own.is_empty() {
        return render(&app, &account, &subject, &fields, &suggestions, (own, press)).await;
    }
    let before = current.clone();
    match app
        .configuration
        .update_automation(&account.visitor.by, account.id(), current, draft)
        .await
    {
        Ok(after) => {
            fields.notice.save(&app, &account, &after).await?;
            if let Some(test) = test::after_saving(&app, &account, id, press).await? {
                return Ok(Redirect::to(&test).into_response());
            }
            let mut path = account.path(&format!("automations/{id}?saved=1"));
            if let Some(since) = off_since(&app, &account, &before, &after).await? {
                path.push_str(&format!("&off_since={since}"));
            }
            Ok(Redirect::to(&path).into_response())
        }
        // The other edit was saved since the check above.
        Err(ConfigureError::Stale) => {
            let entry = app.configuration.entry(account.id()).await?;
            let entry = entry.ok_or(Refusal::NotFound)?;
            let saved = entry.automation(id).ok_or(Refusal::NotFound)?.clone();
            conflict(&app, &account, saved, fields, &suggestions).await
        }
        Err(error) => {
            let faults = faults(error, own)?;
            render(&app, &account, &subject, &fields, &suggestions, (faults, press)).await
        }
    }
}

/// The form with everything that was typed, and what somebody else has saved.
async fn conflict(
    app: &App,
    account: &InAccount,
    saved: Automation,
    mut fields: Fields,
    suggestions: &Suggestions,
) -> Result<Response, Refusal> {
    let edited = Edited {
        account: Some(account.id()),
        id: saved.id.to_string(),
        at: saved.updated_at,
        form: account.path(&format!("automations/{}/edit", saved.id)),
    };
    let differing = differing(&mut fields, &saved, suggestions);
    let subject = Subject {
        id: Some(saved.id),
        version: saved.version,
        conflict: Some(Conflict::of(app, &account.visitor, edited, differing).await?),
    };
    render(
        app,
        account,
        &subject,
        &fields,
        suggestions,
        (Vec::new(), Press::Save),
    )
    .await
}
