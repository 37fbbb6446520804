//! API keys: software calls the API with them, and operators sign in with them.
//!
//! * `list`: all keys, and the form that creates one. `fields`: the contents of the form. `create`: creates a
//!   key, and shows it once. `remove`: asks, then deletes.

mod create;
mod fields;
mod list;
mod remove;

use crate::routes::{ADMIN, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/api-keys", ADMIN, list::show)
        .post("/api-keys", ADMIN, create::create)
        .get("/api-keys/{id}/remove", ADMIN, remove::ask)
        .post("/api-keys/{id}/remove", ADMIN, remove::remove)
}
