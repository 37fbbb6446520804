//! `GET /v1/accounts/{account}/connections`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::view::ConnectionView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List connections
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/connections",
    extensions(("x-permission" = json!("read"))),
    tag = "Connections",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "A page of connections, newest first.", body = List<ConnectionView>))
)]
pub async fn list_connections(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<ConnectionView>>, Problem> {
    let list = ListId::of(account, "connections");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let connections = state.configuration.connections(account, page).await?;
    List::of(list, connections, |connection| {
        Ok(ConnectionView::of(&connection))
    })
    .map(Json)
}
