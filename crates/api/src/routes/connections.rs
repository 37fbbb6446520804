//! Connections: how an account's actions authenticate at receivers.

pub mod create;
pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod update;
mod view;

use postrider_model::{AccountId, Connection, ConnectionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// The routes of connections.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_connections, create::create_connection))
        .routes(routes!(
            get::get_connection,
            update::update_connection,
            delete::delete_connection
        ))
}

async fn find(state: &ApiState, account: AccountId, id: ConnectionId) -> Result<Connection, Problem> {
    let found = state.configuration.connection(account, id).await?;
    found.ok_or_else(connection_not_found)
}

fn connection_not_found() -> Problem {
    Problem::new(
        Code::ConnectionNotFound,
        "the account has no connection with this id",
    )
}
