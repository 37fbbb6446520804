//! The installation's catalogue of event types.

pub mod delete;
pub mod get;
pub mod list;
pub mod put;
mod view;

use postrider_model::{EventTypeName, Scope};

use crate::etag::{IfMatch, Tag};
use crate::problem::{Code, Problem};
use crate::router::ApiState;

fn event_type_not_found() -> Problem {
    Problem::new(
        Code::EventTypeNotFound,
        "the catalogue has no event type with this name",
    )
}

/// Checks the condition of a change against the entry as it is now.
async fn check(state: &ApiState, name: &EventTypeName, if_match: &IfMatch) -> Result<(), Problem> {
    if !if_match.is_present() {
        return Ok(());
    }
    let current = state.configuration.event_type_in(Scope::All, name).await?;
    if_match.check(current.as_ref().map(Tag::of_event_type).as_ref())
}
