//! The health of automations' actions, from the sums by the hour.
//!
//! An action is failing if its deliveries failed for good in an hour, and none succeeded in that hour or
//! later. A success thus hides the failures of its hour: a failure counts at the latest an hour after the
//! last success. Only the hours of the last 32 days count, and fewer in a list of more than 26 actions
//! ([`postrider_storage::statistics::RESULT_HOURS_MAX`]).

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use postrider_model::automation::DisabledReason;
use postrider_model::{AccountId, Action, ActionId, Automation, Timestamp};
use postrider_storage::statistics::{Count, Counts, NewestResults, Scope};
use postrider_storage::{StatisticsStore, StoreResult};

use crate::Figures;
use crate::prune::HOURS_KEPT;
use crate::statistics::Statistics;

/// The health of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is on, and not failing.
    Healthy,
    /// Deliveries failed for good, and none succeeded since.
    Failing {
        /// The beginning of the hour in which the first of them failed.
        since: Timestamp,
    },
    /// It is off.
    Disabled {
        /// Why Postrider switched it off; `None` if a person did.
        reason: Option<DisabledReason>,
    },
}

impl Figures {
    /// The health of each action of each of the account's automations, in their order. Reads the store once,
    /// whatever their number. Test events are not counted.
    pub async fn health(
        &self,
        account: AccountId,
        automations: &[Automation],
    ) -> StoreResult<Vec<Vec<Health>>> {
        let now = self.clock.now();
        let span = now.before(HOURS_KEPT)..now.after(Duration::from_millis(1));
        let actions = || automations.iter().flat_map(|automation| &automation.actions);
        let on: Vec<ActionId> = actions()
            .filter(|action| action.enabled)
            .map(|action| action.id)
            .collect();
        let failing = failing(&*self.store, &self.statistics, account, on, span).await?;
        let of_action = |action: &Action| match failing.get(&action.id) {
            _ if !action.enabled => Health::Disabled {
                reason: action.disabled_reason,
            },
            Some(since) => Health::Failing { since: *since },
            None => Health::Healthy,
        };
        let of_automation =
            |automation: &Automation| automation.actions.iter().map(of_action).collect::<Vec<_>>();
        Ok(automations.iter().map(of_automation).collect())
    }
}

/// Which of these actions are failing, and since when.
async fn failing(
    store: &dyn StatisticsStore,
    statistics: &Statistics,
    account: AccountId,
    actions: Vec<ActionId>,
    span: Range<Timestamp>,
) -> StoreResult<HashMap<ActionId, Timestamp>> {
    if actions.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = |scope: &Scope| matches!(scope, Scope::Action(key) if key.account == account);
    let (of_actions, of_span) = (&actions, &span);
    let read = move || async move {
        store
            .newest_results(account, of_actions.clone(), of_span.clone())
            .await
    };
    let (stored, here) = statistics.beside(wanted, read).await?;
    let here = by_action(&here.counts, &span);
    let since = stored.iter().filter_map(|stored| {
        let here = here.get(&stored.action).map_or(&[][..], Vec::as_slice);
        Some((stored.action, failing_since(stored, here)?))
    });
    Ok(since.collect())
}

/// The sums that the store does not have yet, in any order.
fn by_action(here: &[Count], span: &Range<Timestamp>) -> HashMap<ActionId, Vec<(Timestamp, Counts)>> {
    let mut hours = HashMap::<_, Vec<_>>::new();
    for count in here.iter().filter(|count| span.contains(&count.at)) {
        if let Scope::Action(key) = count.scope {
            hours
                .entry(key.action)
                .or_default()
                .push((count.at, count.counts));
        }
    }
    hours
}

/// Since which hour deliveries have failed and none has succeeded, from what the store has and from the hours
/// that it does not have yet. (If a success that it does not have is older than the last failure that it has,
/// this is the hour of that failure: other failures in between are unknown until the success is written.)
fn failing_since(stored: &NewestResults, here: &[(Timestamp, Counts)]) -> Option<Timestamp> {
    let succeeded = here.iter().filter(|(_, counts)| counts.succeeded > 0);
    let last_success = succeeded.map(|(at, _)| *at).max().max(stored.last_success);
    let failed_here = here.iter().filter(|(_, counts)| counts.failed > 0);
    let failed = failed_here.map(|(at, _)| *at);
    let failed = failed.chain(
        stored
            .failures_since
            .into_iter()
            .flat_map(|(first, last)| [first, last]),
    );
    failed.filter(|at| Some(*at) > last_success).min()
}

#[cfg(test)]
mod tests;
