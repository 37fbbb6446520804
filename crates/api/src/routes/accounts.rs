//! Accounts.

pub mod create;
pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod update;
mod view;

use postrider_model::{Account, AccountId};
use postrider_storage::AccountRef;

use crate::path::account_not_found;
use crate::problem::Problem;
use crate::router::ApiState;

async fn find(state: &ApiState, id: AccountId) -> Result<Account, Problem> {
    let found = state.configuration.account(&AccountRef::Id(id)).await?;
    found.ok_or_else(account_not_found)
}
