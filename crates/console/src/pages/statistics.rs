//! Statistics of an account.
//!
//! * `show`: the page. `range`: the times that it and the page of an automation can show.

pub mod range;
mod show;

use crate::routes::{READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/accounts/{account}/statistics", READ, show::show)
}
