//! Sessions of the console: those of the operator's staff, and those of an account's portal links.

pub mod of_account;
pub mod of_staff;
mod view;

use http::StatusCode;
use postrider_model::{By, GrantId, Scope};

use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// Ends a session of this scope.
async fn end(state: &ApiState, by: &By, scope: Scope, id: GrantId) -> Result<StatusCode, Problem> {
    if state.access.end_session(by, scope, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(Code::SessionNotFound, "no session has this id"))
    }
}
