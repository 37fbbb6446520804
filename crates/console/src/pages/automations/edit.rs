//! `GET` and `POST /accounts/{account}/automations/{id}/edit`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_model::AutomationId;

use super::fields::{Fields, Press};
use super::form::{Subject, faults, render};
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
    let fields = Fields::of(automation);
    render(&app, &account, &subject, &fields, (Vec::new(), false)).await
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
    let press = Press::of(&form);
    if press != Press::Save {
        fields.press(press);
        return render(
            &app,
            &account,
            &subject,
            &fields,
            (Vec::new(), press == Press::Add),
        )
        .await;
    }
    if current.version != version {
        return Err(Refusal::Stale);
    }
    current.version = version;
    let (draft, own) = fields.draft();
    if !own.is_empty() {
        return render(&app, &account, &subject, &fields, (own, false)).await;
    }
    match app
        .configuration
        .update_automation(&account.visitor.by, account.id(), current, draft)
        .await
    {
        Ok(_) => {
            let path = account.path(&format!("automations/{id}?saved=1"));
            Ok(Redirect::to(&path).into_response())
        }
        Err(error) => {
            let faults = faults(error, own)?;
            render(&app, &account, &subject, &fields, (faults, false)).await
        }
    }
}
