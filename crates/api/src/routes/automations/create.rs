//! `POST /v1/accounts/{account}/automations`

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri, header};

use super::input::AutomationInput;
use super::view::AutomationView;
use crate::by::Asks;
use crate::etag::Tag;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Create an automation
///
/// The automation applies to events accepted from now on.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AccountPath),
    request_body(content = AutomationInput, example = json!({
        "name": "Tell the CRM",
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks/postrider"}]
    })),
    responses(
        (status = 201, description = "The automation.", body = AutomationView,
            headers(
                ("location" = String, description = "The automation's path."),
                ("etag" = String, description = "The object's version, for `If-Match`."),
            )),
        (status = 409, description = "`uid_taken`: another automation of the account has this uid. \
            `too_many_automations`: the account has 200 already."),
    )
)]
pub async fn create_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
    JsonBody(input): JsonBody<AutomationInput>,
) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let created = state
        .configuration
        .create_automation(&by, account, input.into_draft()?)
        .await;
    let automation = created.map_err(|error| Problem::of_configuring(error, account_not_found))?;
    let location = format!("/v1/accounts/{account}/automations/{}", automation.id);
    let tag = Tag::of_automation(&automation);
    let view = Json(AutomationView::of_new(automation)?);
    Ok((StatusCode::CREATED, tag, [(header::LOCATION, location)], view))
}
