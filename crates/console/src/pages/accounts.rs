//! Accounts: the operator's list of customers.

mod create;
mod list;
mod open;

use crate::routes::{ADMIN, READ, READ_ALL, Routes};

pub use create::uid_taken;

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/accounts", READ_ALL, list::show)
        .get("/accounts/new", ADMIN, create::show)
        .post("/accounts/new", ADMIN, create::create)
        .get("/accounts/{account}", READ, open::open)
}
