//! The settings of an account.
//!
//! * `show`: what it is, and the form that changes it. The operator changes all of it, a customer the retries
//!   alone.
//! * `link`: a link that signs a customer in to this account. `delete`: asks for the name, then deletes. The
//!   operator's.

mod delete;
mod fields;
mod link;
mod show;

use axum::Router;
use axum::routing::get;

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    let base = "/accounts/{account}/settings";
    Router::new()
        .route(base, get(show::show).post(show::save))
        .route(&format!("{base}/link"), get(link::back).post(link::make))
        .route(&format!("{base}/delete"), get(delete::ask).post(delete::delete))
}
