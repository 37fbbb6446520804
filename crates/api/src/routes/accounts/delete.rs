//! `DELETE /v1/accounts/{account}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_configuration::EDITS_MAX;
use postrider_storage::DeleteObject;

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
    for _ in 0..EDITS_MAX {
        let mut version = None;
        if if_match.is_present() {
            let current = find(&state, account).await?;
            if_match.check(Some(&Tag::of_account(&current)))?;
            version = Some(current.version);
        }
        let deleted = state.configuration.delete_account(&by, account, version).await;
        match deleted.map_err(|error| Problem::of_configuring(error, account_not_found))? {
            DeleteObject::Deleted => return Ok(StatusCode::NO_CONTENT),
            DeleteObject::Missing => return Err(account_not_found()),
            DeleteObject::Stale => {}
        }
    }
    Err(IfMatch::overtaken())
}
