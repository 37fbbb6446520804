//! Replay and cancel: one more attempt, or no further one, of all deliveries that match a filter. The page
//! counts them first, then shows the progress of the run.
//!
//! * `verb`: what the two pages do, and their words. `fields`: the filter in addresses and forms. `show`: the
//!   form, and the count. `run`: the run.
//!
//! No state is kept between the count and the run, so that any node can serve either: the form carries the
//! filter, and the time of the count as its end.

pub mod fields;
pub mod run;
mod show;
pub mod verb;

use axum::extract::State;
use axum::response::Response;

use self::verb::Verb;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::routes::{MANAGE, RESEND, Routes};
use crate::state::App;
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default()
        .get("/accounts/{account}/replay", RESEND, show_replay)
        .post("/accounts/{account}/replay", RESEND, run_replay)
        .get("/accounts/{account}/cancel", MANAGE, show_cancel)
        .post("/accounts/{account}/cancel", MANAGE, run_cancel)
}

async fn show_replay(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    show::show(&app, &account, Verb::Replay).await
}

async fn run_replay(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    run::run(&app, &account, &form, Verb::Replay)
}

async fn show_cancel(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    show::show(&app, &account, Verb::Cancel).await
}

async fn run_cancel(State(app): State<App>, account: InAccount, form: Form) -> Result<Response, Refusal> {
    run::run(&app, &account, &form, Verb::Cancel)
}
