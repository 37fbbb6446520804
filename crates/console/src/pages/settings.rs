//! The settings of an account.
//!
//! * `show`: the account, and the form that changes it. An operator can change all of it, a customer only the
//!   retries.
//! * `link`: creates a link that signs a customer in to this account. `delete`: asks for the name, then
//!   deletes. Both are for operators only.

mod delete;
mod fields;
mod link;
mod show;

use crate::routes::{ADMIN, MANAGE, READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/settings";
    Routes::default()
        .get(base, READ, show::show)
        .post(base, MANAGE, show::save)
        .get(format!("{base}/link"), ADMIN, link::back)
        .post(format!("{base}/link"), ADMIN, link::make)
        .get(format!("{base}/delete"), ADMIN, delete::ask)
        .post(format!("{base}/delete"), ADMIN, delete::delete)
}
