//! `GET /v1/accounts/{account}/events/{id}/automations`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_configuration::AutomationVerdict;
use postrider_json::RowExplanation;
use postrider_model::{AutomationId, EventId};
use serde::Serialize;
use utoipa::ToSchema;

use super::event_not_found;
use crate::openapi::shapes;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// The automations whose event types match an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventAutomations)]
pub struct EventAutomationsView {
    /// The automations, oldest first.
    data: Vec<VerdictView>,
}

/// An automation, judged for an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verdict)]
pub struct VerdictView {
    /// The automation's id.
    #[schema(value_type = String, example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: AutomationId,
    /// The automation's name.
    #[schema(example = "Tell the CRM")]
    name: String,
    /// What the automation does about the event.
    #[schema(schema_with = shapes::verdict_status)]
    status: &'static str,
    /// Each comparison of its conditions, in their order; empty if it has none.
    comparisons: Vec<ComparisonView>,
}

/// A comparison, judged for an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
pub struct ComparisonView {
    /// The path that was compared.
    #[schema(example = "/total")]
    path: String,
    /// The operator.
    #[schema(example = "gte")]
    op: &'static str,
    /// Whether the comparison holds by itself.
    #[schema(example = false)]
    holds: bool,
    /// The value that decided, or the first that the path found, as JSON text of at most 128 bytes; null if
    /// it found none.
    #[schema(example = "300")]
    found: Option<String>,
    /// An explanation for people. Do not parse it.
    #[schema(example = "total is 300, needs at least 1,000")]
    explanation: String,
}

/// List an event's automations
///
/// The automations whose event types match the event, and why each of them is triggered or not. They are
/// judged as they are now; when the event was accepted, they may have been different.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/events/{id}/automations",
    extensions(("x-permission" = json!("read"))),
    tag = "Events",
    params(ObjectPath),
    responses((status = 200, description = "The automations, at most 200.", body = EventAutomationsView))
)]
pub async fn list_event_automations(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<EventId>,
    uri: Uri,
) -> Result<Json<EventAutomationsView>, Problem> {
    no_parameters(&uri)?;
    let event = state
        .figures
        .event(account, id)
        .await?
        .ok_or_else(event_not_found)?;
    let entry = state.configuration.entry(account).await?;
    let verdicts = entry.as_ref().map(|entry| entry.verdicts(&event));
    let verdicts = verdicts.into_iter().flatten();
    Ok(Json(EventAutomationsView {
        data: verdicts.map(VerdictView::of).collect(),
    }))
}

impl VerdictView {
    fn of(verdict: AutomationVerdict<'_>) -> Self {
        Self {
            automation_id: verdict.automation.id,
            name: verdict.automation.name.clone(),
            status: verdict.status.as_str(),
            comparisons: verdict.rows.into_iter().map(ComparisonView::of).collect(),
        }
    }
}

impl ComparisonView {
    pub(in crate::routes) fn of(row: RowExplanation) -> Self {
        Self {
            path: row.row.path,
            op: row.row.op.name(),
            holds: row.holds,
            found: row.found,
            explanation: row.sentence,
        }
    }
}
