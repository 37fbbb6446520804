//! `GET /v1/accounts/{account}/connections`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::view::ListedConnection;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List connections
///
/// All that the account's actions can use: its own, and those of the installation
/// (`"owner": "installation"`), of which it shows `id`, `name`, `type` and `hosts` alone.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/connections",
    extensions(("x-permission" = json!("read"))),
    tag = "Connections",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "A page of connections, newest first.", body = List<ListedConnection>))
)]
pub async fn list_connections(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<ListedConnection>>, Problem> {
    let list = ListId::of(account, "connections");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let connections = state.configuration.usable_connections(account, page).await?;
    List::of(list, connections, |(owner, connection)| {
        Ok(ListedConnection::of(account, owner, &connection))
    })
    .map(Json)
}
