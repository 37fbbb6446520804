//! Portal links: each signs a customer in to one account.
//!
//! * `list`: the links of the account, and the form that creates one. `create`: creates a link, and shows it
//!   once. `revoke`: revokes a link, or ends all sessions.

mod create;
mod list;
mod revoke;

use crate::routes::{MANAGE_ALL, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/portal-links";
    Routes::default()
        .get(base, MANAGE_ALL, list::show)
        .post(base, MANAGE_ALL, create::create)
        .post(format!("{base}/{{id}}/revoke"), MANAGE_ALL, revoke::revoke)
        .post(format!("{base}/end-sessions"), MANAGE_ALL, revoke::end_sessions)
}
