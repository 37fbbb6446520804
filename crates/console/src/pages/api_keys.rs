//! API keys: software calls the API with them, and operators sign in with them.
//!
//! * `list`: all keys, and the form that creates one. `make`: creates a key, and shows it once. `remove`:
//!   asks, then deletes.

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
