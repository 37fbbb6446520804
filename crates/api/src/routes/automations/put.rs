//! `PUT /v1/accounts/{account}/automations/{uid}`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use postrider_configuration::{AutomationDraft, ConfigureError, EDITS_MAX};
use postrider_model::{AccountId, Automation, AutomationRef, By};

use super::input::AutomationInput;
use super::path::{PathUid, UidPath};
use super::view::AutomationView;
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, IfNoneMatchHeader, PutConditions, Tag, tagged};
use crate::json_body::JsonBody;
use crate::path::{InAccount, account_not_found};
use crate::problem::{Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Create or replace an automation
///
/// Creates the automation of this `uid`, or replaces all of it: members that you leave out get their
/// defaults. The same request again changes nothing, so that configuration can be repeated.
///
/// An action without an `id` is the stored action of the same `type` and `url`, and then keeps its identity,
/// its record, and each secret for which the request has `••••`. If several have the same URL, their order
/// decides. With `secret_query`, an action whose query is the same comes first, then one whose URL is the
/// same up to the query. An action that is not repeated is deleted. An action that Postrider switched off (it
/// has a `disabled_reason`) stays off until a request names its `id` with `enabled`.
#[utoipa::path(
    put,
    path = "/v1/accounts/{account}/automations/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(UidPath, IfMatchHeader, IfNoneMatchHeader),
    request_body(content = AutomationInput, example = json!({
        "name": "Tell the CRM",
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks/postrider"}]
    })),
    responses(
        (status = 200, description = "The automation was replaced, or is as the request says already.",
            body = AutomationView,
            headers(("etag" = String, description = "The object's version, for `If-Match`."))),
        (status = 201, description = "The automation was created.", body = AutomationView,
            headers(
                ("location" = String, description = "The automation's path."),
                ("etag" = String, description = "The object's version, for `If-Match`."),
            )),
        (status = 409, description = "`too_many_automations`: the account has 200 already. \
            `concurrent_update`: other requests kept changing it."),
    )
)]
pub async fn put_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathUid(uid): PathUid,
    uri: Uri,
    conditions: PutConditions,
    JsonBody(input): JsonBody<AutomationInput>,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let draft = input.into_draft()?;
    if draft.uid.as_ref().is_some_and(|own| *own != uid) {
        let detail = "expected the uid of the path, or none; PATCH changes a uid";
        return Err(Problem::body("/uid", fault_codes::INVALID_VALUE, detail));
    }
    let put = put(&state, &by, account, &uid, &conditions, draft).await?;
    let (automation, is_new) = put.map_err(|error| Problem::of_configuring(error, account_not_found))?;
    let tag = Tag::of_automation(&automation);
    if is_new {
        let location = format!("/v1/accounts/{account}/automations/{}", automation.id);
        let view = Json(AutomationView::of_new(automation)?);
        return Ok((StatusCode::CREATED, tag, [(header::LOCATION, location)], view).into_response());
    }
    let view = AutomationView::of_saved(&state, account, automation).await?;
    Ok(tagged(tag, Json(view)))
}

/// Creates or replaces it. With a condition, only in a state of which the condition holds.
async fn put(
    state: &ApiState,
    by: &By,
    account: AccountId,
    uid: &str,
    conditions: &PutConditions,
    draft: AutomationDraft,
) -> Result<Result<(Automation, bool), ConfigureError>, Problem> {
    let configuration = &state.configuration;
    if !conditions.is_present() {
        return Ok(configuration.put_automation(by, account, uid, draft).await);
    }
    let named = AutomationRef::Uid(uid.to_owned());
    for _ in 0..EDITS_MAX {
        let current = configuration.automation_named(account, &named).await?;
        conditions.check(current.as_ref().map(Tag::of_automation).as_ref())?;
        let draft = draft.clone();
        let (saved, is_new) = match current {
            Some(current) => {
                let replaced = configuration.replace_automation(by, account, current, draft);
                (replaced.await, false)
            }
            None => {
                let uid = Some(uid.to_owned());
                let created = configuration.create_automation(by, account, AutomationDraft { uid, ..draft });
                (created.await, true)
            }
        };
        match (saved, is_new) {
            // Somebody else has changed, deleted or created it since.
            (Err(ConfigureError::Stale | ConfigureError::Missing), false)
            | (Err(ConfigureError::UidTaken), true) => {}
            (saved, _) => return Ok(saved.map(|automation| (automation, is_new))),
        }
    }
    Err(IfMatch::overtaken())
}
