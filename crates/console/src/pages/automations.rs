//! Automations: what a customer set up.
//!
//! * `list`: all of an account. `show`: one, with its URLs and a test. `create`, `edit`: one form for both.
//! * `fields`: what the form holds, between what people type and the engine's drafts. `choices`: the event
//!   types to pick.
//! * `test`: sends one, and shows what was sent and what came back.
//! * `switch`, `delete`: one click each.

pub mod choices;
mod create;
mod delete;
mod edit;
mod fields;
mod form;
mod list;
mod show;
mod switch;
mod test;

use axum::Router;
use axum::routing::{get, post};
use postrider_model::{Automation, AutomationId};

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Router<App> {
    let base = "/accounts/{account}/automations";
    let path = |rest: &str| format!("{base}{rest}");
    Router::new()
        .route(base, get(list::show))
        .route(&path("/new"), get(create::show).post(create::create))
        .route(&path("/{id}"), get(show::show))
        .route(&path("/{id}/test"), get(test::back).post(test::send))
        .route(&path("/{id}/tests/{event}"), get(test::result))
        .route(&path("/{id}/tests/{event}/live"), get(test::live))
        .route(&path("/{id}/edit"), get(edit::show).post(edit::save))
        .route(&path("/{id}/switch"), post(switch::switch))
        .route(&path("/{id}/delete"), get(delete::ask).post(delete::delete))
}

/// The automation of this id in an account.
pub fn automation(account: &InAccount, id: AutomationId) -> Result<&Automation, Refusal> {
    account.entry.automation(id).ok_or(Refusal::NotFound)
}

/// What sets an automation off, as a list of words.
pub fn patterns(automation: &Automation) -> Vec<String> {
    automation
        .trigger
        .event_types
        .iter()
        .map(ToString::to_string)
        .collect()
}
