//! The first page: the state of the installation.
//!
//! * `show`: the page. `attention`: the URLs that are failing or disabled. `failing`: the URLs that fail
//!   most. `first_steps`: the page of an empty installation.

mod attention;
mod failing;
mod first_steps;
mod show;

pub use show::pending;

use crate::routes::{READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/", READ, show::show)
}
