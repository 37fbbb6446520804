//! Sessions of the operator's staff: who is signed in to the console.
//!
//! * `list`: all sessions. `end`: ends one, or all.

mod end;
mod list;

use crate::routes::{ADMIN, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/sessions", ADMIN, list::show)
        .post("/sessions/end-all", ADMIN, end::end_all)
        .post("/sessions/{id}/end", ADMIN, end::end)
}
