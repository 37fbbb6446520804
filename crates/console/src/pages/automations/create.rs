//! `GET` and `POST /accounts/{account}/automations/new`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::fields::{Fields, Press};
use super::form::{Subject, faults, render};
use super::notice::NoticeFields;
use super::suggestions::Suggestions;
use super::test;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// A new automation.
pub const SUBJECT: Subject = Subject {
    id: None,
    version: 0,
    conflict: None,
};

/// The empty form.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let (mut fields, suggestions) = (Fields::empty(), Suggestions::default());
    fields.notice = NoticeFields::of(&app, &account, None);
    let faults = (Vec::new(), Press::Save);
    render(&app, &account, &SUBJECT, &fields, &suggestions, faults).await
}

/// Creates the automation, or shows the form again.
pub async fn create(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    let mut fields = Fields::typed(&form);
    let suggestions = Suggestions::of(&app, &account, &fields.event_types()).await?;
    let press = Press::of(&form);
    if !press.saves() {
        fields.press(press, &suggestions);
        let faults = (Vec::new(), press);
        return render(&app, &account, &SUBJECT, &fields, &suggestions, faults).await;
    }
    let (draft, own) = fields.draft(&suggestions);
    if !own.is_empty() {
        return render(&app, &account, &SUBJECT, &fields, &suggestions, (own, press)).await;
    }
    match app
        .configuration
        .create_automation(&account.visitor.by, account.id(), draft)
        .await
    {
        Ok(automation) => {
            fields.notice.save(&app, &account, &automation).await?;
            let path = test::after_saving(&app, &account, automation.id, press).await?;
            let saved = || account.path(&format!("automations/{}?saved=1", automation.id));
            Ok(Redirect::to(&path.unwrap_or_else(saved)).into_response())
        }
        Err(error) => {
            let faults = faults(error, own)?;
            render(&app, &account, &SUBJECT, &fields, &suggestions, (faults, press)).await
        }
    }
}
