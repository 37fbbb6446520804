//! `PATCH /v1/accounts/{account}/automations/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_configuration::ConfigureError;
use postrider_configuration::{AutomationDraft, EDITS_MAX};
use postrider_model::{Automation, AutomationId};

use super::input::AutomationInput;
use super::view::AutomationView;
use super::{automation_not_found, find};
use crate::json_body::JsonText;
use crate::patch::patched;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Change an automation
///
/// The body is a JSON Merge Patch (RFC 7396): members it leaves out stay as they are, null resets. `actions`
/// is replaced as a whole: an action sent along with its `id` keeps its identity and its record, one without
/// is new, one left out is gone and never called again. Attempts that start from now on use what was changed;
/// bodies of events that were accepted before stay as they are.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Automations",
    params(ObjectPath),
    request_body(content = AutomationInput, description = "The members to change; all are optional.",
        example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The automation as it is now.", body = AutomationView),
        (status = 409, description = "`concurrent_update`: others kept changing it."),
    )
)]
pub async fn update_automation(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<AutomationId>,
    uri: Uri,
    patch: JsonText,
) -> Result<Json<AutomationView>, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, account, id).await?;
        let draft = edit(&current, patch.as_str()?)?;
        match state
            .configuration
            .update_automation(account, current, draft)
            .await
        {
            Err(ConfigureError::Stale) => {}
            Err(error) => return Err(Problem::of_configuring(error, automation_not_found)),
            Ok(automation) => return Ok(Json(AutomationView::of(automation))),
        }
    }
    Err(Problem::of_configuring(
        ConfigureError::Stale,
        automation_not_found,
    ))
}

fn edit(current: &Automation, patch: &str) -> Result<AutomationDraft, Problem> {
    patched(&AutomationInput::of(current), patch).map(AutomationInput::into_draft)
}
