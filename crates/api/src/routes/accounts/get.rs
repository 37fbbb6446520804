//! `GET /v1/accounts/{account}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::find;
use super::view::AccountView;
use crate::etag::{Tag, tagged};
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read an account
///
/// By its id or by its `uid`.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("installation"))),
    tag = "Accounts",
    params(AccountPath),
    responses((status = 200, description = "The account.", body = AccountView,
        headers(("etag" = String, description = "The object's version, for `If-Match`."))))
)]
pub async fn get_account(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let account = find(&state, account).await?;
    Ok(tagged(Tag::of_account(&account), Json(AccountView::of(account)?)))
}
