//! `PATCH /v1/accounts/{account}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::Account;
use postrider_storage::SaveAccount;

use super::input::{AccountDraft, AccountInput};
use super::view::AccountView;
use super::{find, uid_taken};
use crate::decode::decode;
use crate::json_body::JsonText;
use crate::merge_patch::merge_patch;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::{EDITS_MAX, overtaken};

/// Change an account
///
/// The body is a JSON Merge Patch (RFC 7396): members it leaves out stay as they are, null removes. `metadata` is
/// merged member by member.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}",
    tag = "Accounts",
    params(AccountPath),
    request_body(content = AccountInput, description = "The members to change; all are optional.",
        example = json!({"name": "Acme Inc.", "metadata": {"plan": "pro", "trial_ends": null}})),
    responses(
        (status = 200, description = "The account as it is now.", body = AccountView),
        (status = 409, description = "`uid_taken`: another account has this `uid`. `concurrent_update`: others kept changing it."),
    )
)]
pub async fn update_account(
    State(state): State<ApiState>,
    InAccount(id): InAccount,
    uri: Uri,
    patch: JsonText,
) -> Result<Json<AccountView>, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, id).await?;
        let draft = edit(&current, patch.as_str()?)?;
        let edited = Account {
            uid: draft.uid,
            name: draft.name,
            metadata: draft.metadata,
            retry_delays: draft.retry_delays,
            updated_at: state.engine.clock().now(),
            ..current
        };
        match state.engine.directory().update_account(edited).await? {
            SaveAccount::Saved(account) => return AccountView::of(account).map(Json),
            SaveAccount::UidTaken => return Err(uid_taken()),
            SaveAccount::Missing => return Err(account_not_found()),
            SaveAccount::Stale => {}
        }
    }
    Err(overtaken())
}

fn edit(current: &Account, patch: &str) -> Result<AccountDraft, Problem> {
    let current = serde_json::to_string(&AccountInput::of(current)?).map_err(Problem::internal)?;
    decode::<AccountInput>(&merge_patch(&current, patch)?)?.check()
}
