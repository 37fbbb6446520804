//! `DELETE /v1/accounts/{account}`

use axum::extract::State;
use http::{StatusCode, Uri};

use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Delete an account
///
/// Its keys and automations are gone at once, and nothing is sent for it any more. Its events and deliveries
/// are removed in the background.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Accounts",
    params(AccountPath),
    responses((status = 204, description = "It is gone."))
)]
pub async fn delete_account(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    if state.configuration.delete_account(account).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(account_not_found())
    }
}
