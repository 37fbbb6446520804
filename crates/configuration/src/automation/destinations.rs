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
    actions: &[Option<Action>],
    existing: &[Action],
    faults: &mut Faults,
) {
    for (index, action) in actions.iter().enumerate() {
        let Some((action, url)) = action
            .as_ref()
            .and_then(|action| Some((action, call_url(action)?)))
        else {
            continue;
        };
        let stored = existing.iter().find(|stored| stored.id == action.id);
        if stored.and_then(call_url).as_ref() == Some(&url) {
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

/// The URL that the action calls; an e-mail goes to the mail server, which the operator chose.
fn call_url(action: &Action) -> Option<String> {
    match &action.does {
        Does::SendWebhook(webhook) => Some(webhook.call_url()),
        Does::SendEmail(_) => None,
    }
}
