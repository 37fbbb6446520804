//! `GET /v1/accounts/{account}/automations/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::AutomationId;

use super::find;
use super::view::AutomationView;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read an automation
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("read"))),
    tag = "Automations",
    params(ObjectPath),
    responses((status = 200, description = "The automation.", body = AutomationView))
)]
pub async fn get_automation(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<AutomationId>,
    uri: Uri,
) -> Result<Json<AutomationView>, Problem> {
    no_parameters(&uri)?;
    let automation = find(&state, account, id).await?;
    AutomationView::read(&state, account, automation).await.map(Json)
}
