//! Connections: how an account's actions authenticate at receivers.

pub mod create;
pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod update;
mod view;

use postrider_model::{AccountId, Connection, ConnectionId};

use crate::problem::{Code, Problem};
use crate::router::ApiState;

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
