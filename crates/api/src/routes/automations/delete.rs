//! `DELETE /v1/accounts/{account}/automations/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::EDITS_MAX;
use postrider_storage::DeleteObject;

use super::path::{AutomationPath, PathAutomation};
use super::{automation_not_found, find, find_id};
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag};
use crate::path::InAccount;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Delete an automation
///
/// Cancels the automation's pending deliveries; its actions send nothing from then on. The record of its
/// deliveries stays.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AutomationPath, IfMatchHeader),
    responses((status = 204, description = "The automation was deleted."))
)]
pub async fn delete_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let (id, version) = if if_match.is_present() {
            let current = find(&state, account, &automation).await?;
            if_match.check(Some(&Tag::of_automation(&current)))?;
            (current.id, Some(current.version))
        } else {
            (find_id(&state, account, &automation).await?, None)
        };
        let deleted = state.configuration.delete_automation(&by, account, id, version);
        match deleted.await? {
            DeleteObject::Deleted => return Ok(StatusCode::NO_CONTENT),
            DeleteObject::Missing => return Err(automation_not_found()),
            DeleteObject::Stale => {}
        }
    }
    Err(IfMatch::overtaken())
}
