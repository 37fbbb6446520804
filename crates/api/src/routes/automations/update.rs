//! `PATCH /v1/accounts/{account}/automations/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use postrider_configuration::ConfigureError;
use postrider_configuration::{AutomationDraft, EDITS_MAX};
use postrider_model::Automation;

use super::input::AutomationInput;
use super::path::{AutomationPath, PathAutomation};
use super::view::AutomationView;
use super::{automation_not_found, find};
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag, tagged};
use crate::json_body::JsonText;
use crate::patch::patched;
use crate::path::InAccount;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Update an automation
///
/// The body is a JSON Merge Patch (RFC 7396): members that you leave out keep their values, and null resets a
/// member to its default. `actions` is replaced as a whole: an action with its `id` keeps its identity and
/// its record, an action without an `id` is new, and an action that you leave out is deleted. Attempts that
/// start after the update use the new settings, but the bodies of events that were accepted earlier do not
/// change.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AutomationPath, IfMatchHeader),
    request_body(content = AutomationInput, description = "The members to change. All are optional.",
        example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The updated automation.", body = AutomationView,
            headers(("etag" = String, description = "The object's version, for `If-Match`."))),
        (status = 409, description = "`uid_taken`: another automation of the account has this uid. \
            `concurrent_update`: other requests kept changing it."),
    )
)]
pub async fn update_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
    if_match: IfMatch,
    patch: JsonText,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, account, &automation).await?;
        if_match.check(Some(&Tag::of_automation(&current)))?;
        let draft = edit(&current, patch.as_str()?)?;
        match state
            .configuration
            .update_automation(&by, account, current, draft)
            .await
        {
            Err(ConfigureError::Stale) => {}
            Err(error) => return Err(Problem::of_configuring(error, automation_not_found)),
            Ok(automation) => {
                let tag = Tag::of_automation(&automation);
                let view = AutomationView::of_saved(&state, account, automation).await?;
                return Ok(tagged(tag, Json(view)));
            }
        }
    }
    Err(Problem::of_configuring(
        ConfigureError::Stale,
        automation_not_found,
    ))
}

fn edit(current: &Automation, patch: &str) -> Result<AutomationDraft, Problem> {
    patched(&AutomationInput::of(current)?, patch).and_then(AutomationInput::into_draft)
}
