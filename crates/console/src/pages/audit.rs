//! The audit trail: for the staff that of the installation, for a customer that of the account.
//!
//! * `list`: both pages. `filter`: their filters. `rows`: an entry in words, with what it changed.

mod filter;
mod list;
mod rows;

pub use self::rows::who;
use crate::routes::{ADMIN, MANAGE, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/audit", ADMIN, list::of_installation).get(
        "/accounts/{account}/audit",
        MANAGE,
        list::of_account,
    )
}
