//! Automations of an account.
//!
//! * `list`: all automations of an account. `show`: one, with its URLs and a test. `create`, `edit`: one form
//!   for both.
//! * `fields`: the contents of the form, converted from and to drafts; `row` for an action, `conditions`,
//!   `signature`.
//! * `differing`: what somebody else saved while the form was open.
//! * `choices`, `suggestions`: the event types and the fields to pick. `check`: which recent events match.
//! * `test`: sends a test event, and shows the requests and the responses.
//! * `missed`: the events that it missed, counted and sent; `off_since`: since when it was off.
//! * `charts`: how the deliveries of each action ended, over time.
//! * `copy`: the form of a new automation, filled in with this one. `switch`, `delete`: one click each.

mod charts;
pub mod check;
pub mod choices;
mod conditions;
mod copy;
mod create;
mod delete;
mod differing;
mod edit;
mod email;
mod fields;
mod form;
mod list;
mod missed;
mod notice;
mod off_since;
mod preview;
mod row;
mod show;
mod signature;
mod suggestions;
mod switch;
mod test;

use postrider_model::{Automation, AutomationId};

use crate::refusal::Refusal;
use crate::routes::{MANAGE, READ, RESEND, Routes};
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/automations";
    let path = |rest: &str| format!("{base}{rest}");
    Routes::default()
        .get(base, READ, list::show)
        .get(path("/new"), MANAGE, create::show)
        .post(path("/new"), MANAGE, create::create)
        .get(path("/{id}"), READ, show::show)
        .get(path("/{id}/test"), READ, test::back)
        .post(path("/{id}/test"), MANAGE, test::send)
        .get(path("/{id}/tests/{event}"), READ, test::result)
        .get(path("/{id}/tests/{event}/live"), READ, test::live)
        .get(path("/{id}/copy"), MANAGE, copy::show)
        .get(path("/{id}/edit"), MANAGE, edit::show)
        .post(path("/{id}/edit"), MANAGE, edit::save)
        .post(path("/{id}/switch"), MANAGE, switch::switch)
        .get(path("/{id}/send-missed"), RESEND, missed::show)
        .post(path("/{id}/send-missed"), RESEND, missed::send)
        .get(path("/{id}/delete"), MANAGE, delete::ask)
        .post(path("/{id}/delete"), MANAGE, delete::delete)
}

/// The automation of this id in an account.
pub fn automation(account: &InAccount, id: AutomationId) -> Result<&Automation, Refusal> {
    account.entry.automation(id).ok_or(Refusal::NotFound)
}

/// The event types that trigger an automation, as texts.
pub fn patterns(automation: &Automation) -> Vec<String> {
    automation
        .trigger
        .event_types
        .iter()
        .map(ToString::to_string)
        .collect()
}
