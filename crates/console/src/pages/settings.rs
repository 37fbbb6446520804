//! The settings of an account.
//!
//! * `show`: the account, and the form that changes it. An administrator can change all of it, others only
//!   the retries.
//! * `delete`: asks for the name, then deletes. For administrators only.

mod delete;
mod fields;
mod show;

use crate::routes::{ADMIN, MANAGE, READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/settings";
    Routes::default()
        .get(base, READ, show::show)
        .post(base, MANAGE, show::save)
        .get(format!("{base}/delete"), ADMIN, delete::ask)
        .post(format!("{base}/delete"), ADMIN, delete::delete)
}
