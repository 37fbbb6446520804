//! The first page: how the installation fares.
//!
//! * `show`: the page. `charts`: its two charts. `failing`: the URLs that fail most. `first_steps`: what an
//!   empty installation shows in their place.

mod charts;
mod failing;
mod first_steps;
mod show;

pub use show::pending;

use axum::Router;
use axum::routing::get;

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(show::show))
}
