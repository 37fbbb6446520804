//! Events: the hot path, and reading them back.

pub(super) mod accepted;
pub mod automations;
pub(crate) mod cloud_events;
pub mod create;
pub mod create_batch;
pub mod delete;
pub mod get;
pub(super) mod input;
pub mod list;
mod view;

use crate::problem::{Code, Problem};

fn event_not_found() -> Problem {
    Problem::new(Code::EventNotFound, "the account has no event with this id")
}
