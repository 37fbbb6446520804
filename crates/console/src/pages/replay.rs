//! Replay: one more attempt of all deliveries that match a filter. The page counts them first, then shows the
//! progress of the run.
//!
//! * `fields`: the filter in addresses and forms. `show`: the form, and the count. `run`: the run.
//!
//! No state is kept between the count and the run, so that any node can serve either: the form carries the
//! filter, and the time of the count as its end.

mod fields;
mod run;
mod show;

use crate::routes::{RESEND, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/accounts/{account}/replay", RESEND, show::show)
        .post("/accounts/{account}/replay", RESEND, run::run)
}
