//! System: the installation itself.

mod nodes;
mod show;

use axum::Router;
use axum::routing::get;

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    Router::new().route("/system", get(show::show))
}
