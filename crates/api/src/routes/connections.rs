//! Connections: how an account's actions authenticate at receivers.
//!
//! The connections of the account `system` are the installation's: the actions of all accounts can use them.
//! Changing them also requires the permission `admin`, which [`InOwner`] checks.

pub mod create;
pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod update;
mod view;

use axum::extract::{FromRequestParts, MatchedPath};
use http::request::Parts;
use postrider_model::{AccountId, Caller, Connection, ConnectionId, Permission, SYSTEM_ACCOUNT};
use postrider_web::method::method_name;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::by::note_refusal;
use crate::path::InAccount;
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

/// The account that `{account}` names, and whose connections the caller may change.
pub struct InOwner(pub AccountId);

impl FromRequestParts<ApiState> for InOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let InAccount(account) = InAccount::from_request_parts(parts, state).await?;
        let caller: Option<&Caller> = parts.extensions.get();
        let is_admin = caller.is_some_and(|caller| caller.permissions.contains(Permission::Admin));
        if account == SYSTEM_ACCOUNT && !is_admin {
            let route = parts.extensions.get().map_or("-", MatchedPath::as_str);
            let request = (method_name(&parts.method), route);
            note_refusal(
                &state.access,
                &parts.extensions,
                "permission_denied",
                request,
                None,
            );
            return Err(Problem::new(
                Code::PermissionDenied,
                "changing connections of the installation requires the permission `admin` too",
            ));
        }
        Ok(Self(account))
    }
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
