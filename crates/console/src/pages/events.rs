//! Events: what happened in an account.
//!
//! * `list`: newest first, filtered by the address. `show`: one, with its data and what was sent for it.
//!
//! Both have live parts, as deliveries do.

mod list;
mod show;
mod warning;

use axum::Router;
use axum::routing::get;

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    let base = "/accounts/{account}/events";
    let path = |rest: &str| format!("{base}{rest}");
    Router::new()
        .route(base, get(list::show))
        .route(&path("/live"), get(list::live))
        .route(&path("/{id}"), get(show::show))
        .route(&path("/{id}/live"), get(show::live))
}
