//! Deliveries: their attempts, and the responses to them.
//!
//! * `list`: the deliveries of an account, newest first; `rows`: the table, which the page of an event also
//!   has.
//! * `list_of_all`: the deliveries of all accounts, for staff.
//! * `filter`: the filters in the address; `moment`: the times in them.
//! * `export`: the list as a file.
//! * `show`: one delivery, with a sentence about its status (`sentence`) above its time line (`timeline`,
//!   `attempt`).
//! * `resend`: one more attempt; `resend_chosen`: of each delivery that is ticked in the list;
//!   `resends`: which attempts were resends, and who asked for them.
//!
//! The lists and the time line are live: each is a template of its own, which the page contains and the
//! stream sends.

pub mod attempt;
mod dialogue;
mod export;
pub mod filter;
mod list;
mod list_of_all;
pub mod moment;
pub mod resend;
mod resend_chosen;
mod resends;
pub mod rows;
mod sentence;
mod show;
mod timeline;

use crate::routes::{READ, READ_ALL, RESEND, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/deliveries";
    let path = |rest: &str| format!("{base}{rest}");
    Routes::default()
        .get("/deliveries", READ_ALL, list_of_all::show)
        .get(base, READ, list::show)
        .get(path(".csv"), READ, export::csv)
        .get(path(".ndjson"), READ, export::ndjson)
        .get(path("/live"), READ, list::live)
        .get(path("/{id}"), READ, show::show)
        .get(path("/{id}/live"), READ, show::live)
        .post(path("/resend"), RESEND, resend_chosen::resend_chosen)
        .post(path("/{id}/resend"), RESEND, resend::resend)
}
