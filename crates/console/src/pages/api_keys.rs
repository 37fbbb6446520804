//! API keys: what lets software call the API, and the operator's staff sign in.
//!
//! * `list`: all of them, and the form that makes one. `make`: makes it, and shows it this once. `remove`:
//!   asks, then removes.

mod list;
mod make;
mod remove;

use crate::routes::{ADMIN, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/api-keys", ADMIN, list::show)
        .post("/api-keys", ADMIN, make::make)
        .get("/api-keys/{id}/remove", ADMIN, remove::ask)
        .post("/api-keys/{id}/remove", ADMIN, remove::remove)
}
