//! Automations and their actions.
//!
//! To add an option of an action: a member of `input.rs`, the same in `view.rs`; its check is in
//! `postrider_configuration`.

mod condition;
pub mod create;
pub mod delete;
pub mod get;
mod headers;
mod input;
pub mod list;
pub mod preview;
pub mod test;
pub mod update;
mod view;

use postrider_model::{AccountId, Automation, AutomationId};

use crate::problem::{Code, Problem};
use crate::router::ApiState;

async fn find(state: &ApiState, account: AccountId, id: AutomationId) -> Result<Automation, Problem> {
    let found = state.configuration.automation(account, id).await?;
    found.ok_or_else(automation_not_found)
}

fn automation_not_found() -> Problem {
    Problem::new(
        Code::AutomationNotFound,
        "the account has no automation with this id",
    )
}
