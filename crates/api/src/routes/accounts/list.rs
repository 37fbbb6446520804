//! `GET /v1/accounts`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::view::AccountView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

const LIST: ListId = ListId::of_all("accounts");

/// List accounts
///
/// Newest first. Requires an API key of the whole installation.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    extensions(("x-permission" = json!("read"))),
    tag = "Accounts",
    params(PageParameters),
    responses((status = 200, description = "A page of accounts, newest first.", body = List<AccountView>))
)]
pub async fn list_accounts(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<List<AccountView>>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(LIST);
    parameters.finish()?;
    let accounts = state.configuration.accounts(page).await?;
    List::of(LIST, accounts, AccountView::of).map(Json)
}
