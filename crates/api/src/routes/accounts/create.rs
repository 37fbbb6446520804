//! `POST /v1/accounts`

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri, header};
use postrider_model::{Account, SigningKey};
use postrider_storage::SaveAccount;

use super::input::AccountInput;
use super::uid_taken;
use super::view::AccountView;
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Make an account
///
/// It gets a first signing key with it.
#[utoipa::path(
    post,
    path = "/v1/accounts",
    tag = "Accounts",
    request_body = AccountInput,
    responses(
        (status = 201, description = "The account.", body = AccountView,
            headers(("location" = String, description = "The account's path."))),
        (status = 409, description = "`uid_taken`: another account has this `uid`."),
    )
)]
pub async fn create_account(
    State(state): State<ApiState>,
    uri: Uri,
    JsonBody(input): JsonBody<AccountInput>,
) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let draft = input.check()?;
    let engine = &state.engine;
    let now = engine.clock().now();
    let account = Account {
        id: engine.ids().account(now),
        uid: draft.uid,
        name: draft.name,
        metadata: draft.metadata,
        retry_delays: draft.retry_delays,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let key = SigningKey {
        id: engine.ids().signing_key(now),
        secret: engine.new_secret(),
        created_at: now,
        expires_at: None,
    };
    match engine.directory().create_account(account, key).await? {
        SaveAccount::Saved(account) => {
            let location = format!("/v1/accounts/{}", account.id);
            let view = AccountView::of(account)?;
            Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)))
        }
        SaveAccount::UidTaken => Err(uid_taken()),
        unexpected @ (SaveAccount::Missing | SaveAccount::Stale) => Err(Problem::internal(format_args!(
            "a new account was answered with {unexpected:?}"
        ))),
    }
}
