//! Deliveries: what was sent for events, and what came back.
//!
//! * `list`: those of an account, newest first; `rows`: the table, which the page of an event has as well.
//! * `filter`: which ones, from the address; `moment`: the times in it.
//! * `show`: one, with its time line (`timeline`, `attempt`) under a sentence that says how it stands
//!   (`sentence`).
//! * `resend`: one more attempt.
//!
//! The lists and the time line are live: each is a template of its own, which the page holds and the stream
//! sends.

pub mod attempt;
pub mod filter;
mod list;
pub mod moment;
mod resend;
pub mod rows;
mod sentence;
mod show;
mod timeline;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

/// The routes of this area.
pub fn routes() -> Router<App> {
    let base = "/accounts/{account}/deliveries";
    let path = |rest: &str| format!("{base}{rest}");
    Router::new()
        .route(base, get(list::show))
        .route(&path("/live"), get(list::live))
        .route(&path("/{id}"), get(show::show))
        .route(&path("/{id}/live"), get(show::live))
        .route(&path("/{id}/resend"), post(resend::resend))
}
