//! The event types that the form offers.

use std::collections::HashSet;

use postrider_model::Scope;
use postrider_storage::{LIMIT_MAX, PageRequest};

use crate::refusal::Refusal;
use crate::state::App;

/// Most types offered as checkboxes; any other can be typed.
const OFFERED_MAX: usize = 300;

/// A checkbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The event type.
    pub name: String,
    /// Its description; empty if it has none.
    pub description: String,
    /// Whether it is ticked.
    pub is_ticked: bool,
}

/// The catalogue, sorted by name, with the types in `ticked` ticked. Also the entries of `ticked` that the
/// catalogue does not have: patterns, and types without an entry.
///
/// `scope`: of the visitor. Customers are offered only the types that are visible to them.
pub async fn choices(
    app: &App,
    scope: Scope,
    ticked: &[String],
) -> Result<(Vec<Choice>, Vec<String>), Refusal> {
    let mut rest: HashSet<&str> = ticked.iter().map(String::as_str).collect();
    let mut choices = Vec::new();
    let mut after = None;
    while choices.len() < OFFERED_MAX {
        let page = PageRequest {
            limit: LIMIT_MAX,
            after,
        };
        let page = app.configuration.event_types_in(scope, page).await?;
        for entry in page.items {
            choices.push(Choice {
                is_ticked: rest.remove(entry.name.as_str()),
                name: entry.name.as_str().to_owned(),
                description: entry.description,
            });
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    choices.sort_by(|one, other| one.name.cmp(&other.name));
    // In the order of `ticked`.
    let others = ticked.iter().filter(|name| rest.contains(name.as_str()));
    Ok((choices, others.cloned().collect()))
}
