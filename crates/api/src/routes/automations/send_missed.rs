//! `POST /v1/accounts/{account}/automations/{id}/send-missed`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_engine::MissedEvents;
use postrider_model::AutomationId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::find_id;
use super::path::{AutomationPath, PathAutomation};
use crate::by::Asks;
use crate::json_body::JsonBody;
use crate::path::InAccount;
use crate::problem::{Code, Faults, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::count::{COUNT_MAX, CountView};
use crate::routes::deliveries::filter::parsed;

/// Which missed events to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = MissedSelection)]
pub struct MissedInput {
    /// Only events accepted at this time or later.
    #[schema(format = DateTime, example = "2026-01-31T00:00:00.000Z")]
    after: String,
    /// Only events accepted before this time. The default is now.
    #[schema(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
    /// Only events of this type.
    #[schema(example = "proposal.accepted")]
    event_type: Option<String>,
    /// Count the events, and send nothing.
    #[serde(default)]
    #[schema(default = false)]
    dry_run: bool,
}

impl MissedInput {
    fn events(&self, automation: AutomationId) -> Result<MissedEvents, Problem> {
        let mut faults = Faults::default();
        let after = parsed("/after", Some(&self.after), &mut faults);
        let before = parsed("/before", self.before.as_deref(), &mut faults);
        let event_type = parsed("/event_type", self.event_type.as_deref(), &mut faults);
        faults.into_result(Code::InvalidBody)?;
        let after = after.ok_or_else(|| Problem::internal("a time was refused without a fault"))?;
        Ok(MissedEvents {
            automation,
            after,
            before,
            event_type,
        })
    }
}

/// Send what an automation missed
///
/// Sends the events of a time span that the automation's trigger and conditions match as they are now, and of
/// which one of its enabled actions has no delivery, because the automation or the action was off or did not
/// exist when the event was accepted. Each such action gets one delivery. Test events, operational events and
/// canceled events are left out. Sending again sends only what is still missing. With `"dry_run": true`,
/// Postrider only counts the events.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations/{id}/send-missed",
    extensions(("x-permission" = json!("resend"))),
    tag = "Automations",
    params(AutomationPath),
    request_body(content = MissedInput, example = json!({"after": "2026-01-31T00:00:00.000Z", "dry_run": true})),
    responses(
        (status = 202, description = "The number of events.", body = CountView),
        (status = 409, description = "`automation_disabled`: the automation, or each of its actions, is off. \
            `replay_running`: missed events of the account are being sent, or a replay is running, on this node."),
    )
)]
pub async fn send_missed(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
    JsonBody(input): JsonBody<MissedInput>,
) -> Result<(StatusCode, Json<CountView>), Problem> {
    no_parameters(&uri)?;
    let id = find_id(&state, account, &automation).await?;
    let missed = input.events(id)?;
    let view = if input.dry_run {
        let counted = state.engine.count_missed(account, &missed, COUNT_MAX).await?;
        CountView::counted(counted)
    } else {
        CountView::done(state.engine.send_missed(&by, account, missed).await?)
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}
