//! Checks the destinations of URLs, through the egress guard.

use postrider_egress::EgressGuard;
use postrider_model::Action;
use postrider_model::automation::ACTIONS_MAX;

use super::{ActionDraft, DoesDraft};
use crate::{Fault, Faults};

/// Checks the URL of each action whose URL changes. Other URLs are skipped: an edit of something else must
/// not fail because the operator has changed the rules. The egress guard checks every URL again when it
/// connects.
///
/// Only the URL itself is judged. Host names are not looked up, because the response would tell a customer
/// which names exist in the network of this server (docs/decisions, 25).
pub(super) fn check_destinations(
    guard: &EgressGuard,
    drafts: &[ActionDraft],
    existing: &[Action],
    faults: &mut Faults,
) {
    for (index, draft) in drafts.iter().enumerate().take(ACTIONS_MAX) {
        let DoesDraft::SendWebhook(webhook) = &draft.does;
        if keeps_its_url(draft, &webhook.shown_url(), existing) {
            continue;
        }
        if let Err(error) = guard.check_url(&webhook.url) {
            faults.push(Fault {
                pointer: format!("/actions/{index}/url"),
                code: error.code(),
                detail: error.to_string(),
            });
        }
    }
}

fn keeps_its_url(draft: &ActionDraft, url: &str, existing: &[Action]) -> bool {
    let is_same = |action: &&Action| draft.id.as_deref() == Some(&*action.id.to_string());
    existing
        .iter()
        .find(is_same)
        .is_some_and(|action| action.does.target() == url)
}
