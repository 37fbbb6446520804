//! `GET` and `POST /accounts/{account}/automations/{id}/edit`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_model::AutomationId;

use super::fields::{Fields, Press};
use super::form::{Subject, faults, render};
use super::notice::NoticeFields;
use super::off_since::off_since;
use super::suggestions::Suggestions;
use super::test;
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
    };
    let mut fields = Fields::of(automation);
    fields.notice = NoticeFields::of(&app, &account, Some(automation));
    let suggestions = Suggestions::of(&app, &account, &fields.event_types()).await?;
    let faults = (Vec::new(), Press::Save);
    render(&app, &account, &subject, &fields, &suggestions, faults).await
}

/// Saves it, or shows the form again.
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
        return Err(Refusal::Stale);
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
        Err(error) => {
            let faults = faults(error, own)?;
            render(&app, &account, &subject, &fields, &suggestions, (faults, press)).await
        }
    }
}
