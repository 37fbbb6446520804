//! Events of an account.
//!
//! * `list`: newest first, filtered by the address. `show`: one event, with its data and its deliveries.
//! * `cancel`: cancels an event that waits.
//!
//! Both have live parts, as deliveries do.

mod cancel;
mod list;
mod show;
mod verdicts;
mod warning;

use crate::routes::{MANAGE, READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/events";
    let path = |rest: &str| format!("{base}{rest}");
    Routes::default()
        .get(base, READ, list::show)
        .get(path("/live"), READ, list::live)
        .get(path("/{id}"), READ, show::show)
        .get(path("/{id}/live"), READ, show::live)
        .post(path("/{id}/cancel"), MANAGE, cancel::cancel)
}
