//! `DELETE /v1/accounts/{account}/automations/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::AutomationId;

use super::automation_not_found;
use crate::by::Asks;
use crate::path::{InAccount, ObjectPath, PathId};
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
    params(ObjectPath),
    responses((status = 204, description = "The automation was deleted."))
)]
pub async fn delete_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(id): PathId<AutomationId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    if state.configuration.delete_automation(&by, account, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(automation_not_found())
    }
}
