//! The first page: how the installation fares.
//!
//! * `show`: the page. `charts`: its two charts. `failing`: the URLs that fail most. `first_steps`: what an
//!   empty installation shows in their place.

mod charts;
mod failing;
mod first_steps;
mod show;

pub use show::pending;

use crate::routes::{READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/", READ, show::show)
}
