//! Replay: one more attempt of all deliveries that match a filter, counted first, then run with progress.
//!
//! * `fields`: the filter, as addresses and forms hold it. `show`: the form, and the count. `run`: the work.
//!
//! Nothing is kept between the count and the run, so that any node can serve either: the form carries the
//! filter, and the time of the count as its end.

mod fields;
mod run;
mod show;

use crate::routes::{MANAGE, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/accounts/{account}/replay", MANAGE, show::show)
        .post("/accounts/{account}/replay", MANAGE, run::run)
}
