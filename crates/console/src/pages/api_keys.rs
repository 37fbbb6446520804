//! API keys: what lets software call the API, and the operator's staff sign in.
//!
//! * `list`: all of them, and the form that makes one. `make`: makes it, and shows it this once. `remove`:
//!   asks, then removes.

mod list;
mod make;
mod remove;

use axum::Router;
use axum::routing::get;

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api-keys", get(list::show).post(make::make))
        .route("/api-keys/{id}/remove", get(remove::ask).post(remove::remove))
}
