//! `PATCH /v1/accounts/{account}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use postrider_configuration::ConfigureError;
use postrider_configuration::{AccountDraft, EDITS_MAX};
use postrider_model::Account;

use super::find;
use super::input::AccountInput;
use super::view::AccountView;
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag, tagged};
use crate::json_body::JsonText;
use crate::patch::patched;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Update an account
///
/// The body is a JSON Merge Patch (RFC 7396): members that you leave out keep their values, and null removes
/// a member. `metadata` is merged member by member.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}",
    extensions(("x-permission" = json!("admin")), ("x-scope" = json!("installation"))),
    tag = "Accounts",
    params(AccountPath, IfMatchHeader),
    request_body(content = AccountInput, description = "The members to change. All are optional.",
        example = json!({"name": "Acme Inc.", "metadata": {"plan": "pro", "trial_ends": null}})),
    responses(
        (status = 200, description = "The updated account.", body = AccountView,
            headers(("etag" = String, description = "The object's version, for `If-Match`."))),
        (status = 409, description = "`uid_taken`: another account has this `uid`. `concurrent_update`: other requests kept changing it."),
    )
)]
pub async fn update_account(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(id): InAccount,
    uri: Uri,
    if_match: IfMatch,
    patch: JsonText,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, id).await?;
        if_match.check(Some(&Tag::of_account(&current)))?;
        let draft = edit(&current, patch.as_str()?)?;
        match state.configuration.update_account(&by, current, draft).await {
            Err(ConfigureError::Stale) => {}
            Err(error) => return Err(Problem::of_configuring(error, account_not_found)),
            Ok(account) => {
                let tag = Tag::of_account(&account);
                return Ok(tagged(tag, Json(AccountView::of(account)?)));
            }
        }
    }
    Err(Problem::of_configuring(ConfigureError::Stale, account_not_found))
}

fn edit(current: &Account, patch: &str) -> Result<AccountDraft, Problem> {
    patched(&AccountInput::of(current)?, patch).map(AccountInput::into_draft)
}
