//! `DELETE /v1/accounts/{account}`

use axum::extract::State;
use http::{StatusCode, Uri};

use super::find;
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag};
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Delete an account
///
/// Deletes the account's signing keys and automations at once, and cancels its pending deliveries. Postrider
/// removes its events and deliveries in the background.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}",
    extensions(("x-permission" = json!("admin")), ("x-scope" = json!("installation"))),
    tag = "Accounts",
    params(AccountPath, IfMatchHeader),
    responses(
        (status = 204, description = "The account was deleted."),
        (status = 409, description = "`account_built_in`: the account `system` cannot be deleted.")
    )
)]
pub async fn delete_account(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    if if_match.is_present() {
        let current = find(&state, account).await?;
        if_match.check(Some(&Tag::of_account(&current)))?;
    }
    let deleted = state.configuration.delete_account(&by, account).await;
    if deleted.map_err(|error| Problem::of_configuring(error, account_not_found))? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(account_not_found())
    }
}
