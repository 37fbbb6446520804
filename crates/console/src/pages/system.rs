//! System: the installation itself.

mod nodes;
mod show;

use crate::routes::{ADMIN, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/system", ADMIN, show::show)
}
