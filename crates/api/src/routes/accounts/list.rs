//! `GET /v1/accounts`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::{Caller, Scope};
use postrider_storage::{AccountRef, Page};

use super::view::AccountView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

const LIST: ListId = ListId::of_all("accounts");

/// List accounts
///
/// A caller of one account sees only that account.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("caller"))),
    tag = "Accounts",
    params(PageParameters),
    responses((status = 200, description = "A page of accounts, newest first.", body = List<AccountView>))
)]
pub async fn list_accounts(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<List<AccountView>>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(LIST);
    parameters.finish()?;
    let accounts = match caller.scope {
        Scope::All => state.configuration.accounts(page).await?,
        Scope::Account(own) => Page {
            items: state
                .configuration
                .account(&AccountRef::Id(own))
                .await?
                .into_iter()
                .collect(),
            next: None,
        },
    };
    List::of(LIST, accounts, AccountView::of).map(Json)
}
