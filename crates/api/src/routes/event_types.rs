//! The installation's catalogue of event types.

pub mod delete;
pub mod get;
pub mod list;
pub mod put;
mod view;

use crate::problem::{Code, Problem};

fn event_type_not_found() -> Problem {
    Problem::new(
        Code::EventTypeNotFound,
        "the catalogue has no event type with this name",
    )
}
