//! `GET /accounts/{account}/automations/{id}/copy`: the form of a new automation, filled in with a copy.

use axum::extract::State;
use axum::response::Response;
use postrider_model::AutomationId;

use super::create::SUBJECT;
use super::fields::{Fields, Press};
use super::form::render;
use super::notice::NoticeFields;
use super::suggestions::Suggestions;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// The form. Nothing is stored until it is saved.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
) -> Result<Response, Refusal> {
    let mut fields = Fields::copy_of(super::automation(&account, id)?);
    fields.notice = NoticeFields::of(&app, &account, None);
    let suggestions = Suggestions::of(&app, &account, &fields.event_types()).await?;
    let faults = (Vec::new(), Press::Save);
    render(&app, &account, &SUBJECT, &fields, &suggestions, faults).await
}
