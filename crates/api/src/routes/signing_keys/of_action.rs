//! `GET /v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys`, and `POST …/rotate`: the keys
//! that an action has for itself.

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};

use super::list::page;
use super::rotate::RotateInput;
use super::view::SigningKeyView;
use crate::by::Asks;
use crate::cursor::ListId;
use crate::json_body::OptionalJsonBody;
use crate::list::List;
use crate::path::InAccount;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters, no_parameters};
use crate::router::ApiState;
use crate::routes::automations::path::{ActionPath, PathAction, PathAutomation};
use crate::routes::automations::{action_not_found, find};

/// List the signing keys of an action
///
/// The current key comes first, then the others, newest first. The list is empty if the account's keys sign
/// the action's webhooks.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys",
    extensions(("x-permission" = json!("manage"))),
    tag = "Signing keys",
    params(ActionPath, PageParameters),
    responses((status = 200, description = "The action's own keys.", body = List<SigningKeyView>))
)]
pub async fn list_action_signing_keys(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    PathAction(action): PathAction,
    uri: Uri,
) -> Result<Json<List<SigningKeyView>>, Problem> {
    let list = ListId::of(account, "action-signing-keys");
    let mut parameters = Parameters::of(&uri);
    let request = parameters.page(list);
    parameters.finish()?;
    let automation = find(&state, account, &automation).await?;
    let keys = state
        .configuration
        .reveal_action_keys(&by, account, &automation, action)
        .await?
        .ok_or_else(action_not_found)?;
    let now = state.engine.clock().now();
    List::of(list, page(keys, request), |key| Ok(SigningKeyView::of(&key, now))).map(Json)
}

/// Rotate the signing key of an action
///
/// As for an account: the new key becomes the current key at once, both sign during the overlap, and the
/// event `postrider.signing_key.rotated` reports it. The action must have a key of its own: set its
/// `signing_key` first.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys/rotate",
    extensions(("x-permission" = json!("manage"))),
    tag = "Signing keys",
    params(ActionPath),
    request_body(content = Option<RotateInput>),
    responses(
        (status = 201, description = "The new key.", body = SigningKeyView),
        (status = 409, description = "`no_own_signing_key`: the account's keys sign the action's webhooks. \
            `concurrent_update`: other requests kept changing the automation."),
        (status = 429, description = "`too_many_rotations`: an account can rotate 10 keys a minute on each node."),
    )
)]
pub async fn rotate_action_signing_key(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    PathAction(action): PathAction,
    uri: Uri,
    OptionalJsonBody(input): OptionalJsonBody<RotateInput>,
) -> Result<(StatusCode, Json<SigningKeyView>), Problem> {
    no_parameters(&uri)?;
    let automation = find(&state, account, &automation).await?;
    let rotated = state
        .configuration
        .rotate_action_key(
            &by,
            account,
            automation.id,
            action,
            input.into_draft(),
            &*state.engine,
        )
        .await;
    let key = rotated.map_err(|error| Problem::of_configuring(error, action_not_found))?;
    let view = SigningKeyView::of(&key, state.engine.clock().now());
    Ok((StatusCode::CREATED, Json(view)))
}
