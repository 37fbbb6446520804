//! Accounts: the operator's list of customers.

mod create;
mod list;
mod open;

use axum::Router;
use axum::routing::get;

use crate::state::App;

pub use create::uid_taken;

/// The routes of this area.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/accounts", get(list::show))
        .route("/accounts/new", get(create::show).post(create::create))
        .route("/accounts/{account}", get(open::open))
}
