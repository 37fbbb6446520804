//! Checks the destinations of URLs, through the egress guard.

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::{DestinationError, EgressGuard, Resolve};
use postrider_model::automation::ACTIONS_MAX;
use postrider_model::{AccountId, Action};
use tokio::task::JoinSet;

use super::{ActionDraft, DoesDraft};
use crate::Configuration;
use crate::{Fault, Faults};

/// How many host names are looked up at the same time for one draft.
const LOOK_UPS_MAX: usize = 8;

/// How long a look-up may take while its URL is being saved.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// Checks the URL of each action whose URL changes. Other URLs are skipped: an edit of something else must
/// not fail because a name server is unreachable. The egress guard checks every URL again when it connects.
pub(super) async fn check_destinations(
    configuration: &Configuration,
    account: AccountId,
    drafts: &[ActionDraft],
    existing: &[Action],
    faults: &mut Faults,
) {
    let mut look_ups = JoinSet::new();
    let mut found = Vec::new();
    for (index, draft) in drafts.iter().enumerate().take(ACTIONS_MAX) {
        let DoesDraft::SendWebhook(webhook) = &draft.does;
        if keeps_its_url(draft, &webhook.url, existing) {
            continue;
        }
        let pointer = format!("/actions/{index}/url");
        if look_ups.len() >= LOOK_UPS_MAX {
            found.extend(next(&mut look_ups).await);
        }
        let guard = Arc::clone(&configuration.guard);
        let resolver = Arc::clone(&configuration.resolver);
        let url = webhook.url.clone();
        look_ups.spawn(async move {
            let error = check(&guard, &*resolver, account, &url).await.err()?;
            let fault = Fault {
                pointer,
                code: error.code(),
                detail: error.to_string(),
            };
            Some((index, fault))
        });
    }
    while !look_ups.is_empty() {
        found.extend(next(&mut look_ups).await);
    }
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().for_each(|(_, fault)| faults.push(fault));
}

/// Waits for the next look-up to end, and returns the fault that it found, if any.
async fn next(look_ups: &mut JoinSet<Option<(usize, Fault)>>) -> Option<(usize, Fault)> {
    match look_ups.join_next().await? {
        Ok(found) => found,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only dropping the whole set aborts a look-up.
            Err(_) => None,
        },
    }
}

/// Whether webhooks may be sent to `url`, judged by its current addresses.
async fn check(
    guard: &EgressGuard,
    resolver: &dyn Resolve,
    account: AccountId,
    url: &str,
) -> Result<(), DestinationError> {
    let destination = guard.check_url(url)?;
    guard
        .check_resolved(&destination, resolver, account.as_u128(), LOOK_UP_MAX)
        .await
}

fn keeps_its_url(draft: &ActionDraft, url: &str, existing: &[Action]) -> bool {
    let is_same = |action: &&Action| draft.id.as_deref() == Some(&*action.id.to_string());
    existing
        .iter()
        .find(is_same)
        .is_some_and(|action| action.does.target() == url)
}
