//! Automations and their actions.
//!
//! To add an option of an action: a member of `input.rs`, the same in `view.rs`; its check is in
//! `postrider_configuration`.

mod action;
mod condition;
pub mod create;
pub mod delete;
mod email;
pub mod get;
pub(super) mod headers;
mod input;
pub mod list;
pub(super) mod path;
pub mod preview;
pub mod put;
pub mod send_missed;
mod signature;
pub mod test;
pub mod update;
mod view;

use postrider_model::{AccountId, Automation, AutomationId, AutomationRef};

use crate::problem::{Code, Problem};
use crate::router::ApiState;

pub(super) async fn find(
    state: &ApiState,
    account: AccountId,
    automation: &AutomationRef,
) -> Result<Automation, Problem> {
    let found = state.configuration.automation_named(account, automation).await?;
    found.ok_or_else(automation_not_found)
}

/// The id of the automation. An automation that is named by its id may not exist.
async fn find_id(
    state: &ApiState,
    account: AccountId,
    automation: &AutomationRef,
) -> Result<AutomationId, Problem> {
    match automation {
        AutomationRef::Id(id) => Ok(*id),
        AutomationRef::Uid(_) => Ok(find(state, account, automation).await?.id),
    }
}

pub(super) fn action_not_found() -> Problem {
    Problem::new(Code::ActionNotFound, "the automation has no action with this id")
}

pub(crate) fn automation_not_found() -> Problem {
    Problem::new(
        Code::AutomationNotFound,
        "the account has no automation with this id or uid",
    )
}
