//! `POST /v1/accounts`

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri, header};

use super::input::AccountInput;
use super::view::AccountView;
use crate::by::Asks;
use crate::etag::Tag;
use crate::json_body::JsonBody;
use crate::path::account_not_found;
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Create an account
///
/// Postrider also creates the account's first signing key.
#[utoipa::path(
    post,
    path = "/v1/accounts",
    extensions(("x-permission" = json!("admin"))),
    tag = "Accounts",
    request_body = AccountInput,
    responses(
        (status = 201, description = "The account.", body = AccountView,
            headers(
                ("location" = String, description = "The account's path."),
                ("etag" = String, description = "The object's version, for `If-Match`."),
            )),
        (status = 409, description = "`uid_taken`: another account has this `uid`."),
    )
)]
pub async fn create_account(
    State(state): State<ApiState>,
    Asks(by): Asks,
    uri: Uri,
    JsonBody(input): JsonBody<AccountInput>,
) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let created = state.configuration.create_account(&by, input.into_draft()).await;
    let account = created.map_err(|error| Problem::of_configuring(error, account_not_found))?;
    let location = format!("/v1/accounts/{}", account.id);
    let tag = Tag::of_account(&account);
    let view = Json(AccountView::of(account)?);
    Ok((StatusCode::CREATED, tag, [(header::LOCATION, location)], view))
}
