//! Checks the destinations of URLs, through the egress guard.

use postrider_egress::EgressGuard;
use postrider_model::{Action, Does};

use crate::{Fault, Faults};

/// Checks the URL of each action whose URL changes, complete with its secret query. Other URLs are skipped:
/// an edit of something else must not fail because the operator has changed the rules. The egress guard
/// checks every URL again when it connects.
///
/// Only the URL itself is judged. Host names are not looked up, because the response would tell a customer
/// which names exist in the network of this server (docs/decisions, 25).
pub(super) fn check_destinations(
    guard: &EgressGuard,
    actions: &[Action],
    existing: &[Action],
    faults: &mut Faults,
) {
    for (index, action) in actions.iter().enumerate() {
        let url = call_url(action);
        let stored = existing.iter().find(|stored| stored.id == action.id);
        if stored.is_some_and(|stored| call_url(stored) == url) {
            continue;
        }
        if let Err(error) = guard.check_url(&url) {
            faults.push(Fault {
                pointer: format!("/actions/{index}/url"),
                code: error.code(),
                detail: error.to_string(),
            });
        }
    }
}

fn call_url(action: &Action) -> String {
    let Does::SendWebhook(webhook) = &action.does;
    webhook.call_url()
}
