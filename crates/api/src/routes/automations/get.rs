//! `GET /v1/accounts/{account}/automations/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::find;
use super::path::{AutomationPath, PathAutomation};
use super::view::AutomationView;
use crate::etag::{Tag, tagged};
use crate::path::InAccount;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read an automation
///
/// By its id or by its `uid`, with its actions and their health.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("read"))),
    tag = "Automations",
    params(AutomationPath),
    responses((status = 200, description = "The automation.", body = AutomationView,
        headers(("etag" = String, description = "The object's version, for `If-Match`."))))
)]
pub async fn get_automation(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let automation = find(&state, account, &automation).await?;
    let tag = Tag::of_automation(&automation);
    let view = AutomationView::read(&state, account, automation).await?;
    Ok(tagged(tag, Json(view)))
}
