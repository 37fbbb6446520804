//! The health of an automation's actions, from the sums by the hour.
//!
//! An action is failing if its deliveries failed for good in an hour, and none succeeded in that hour or
//! later. A failure thus counts at the latest an hour after the last success.

use std::collections::HashMap;
use std::time::Duration;

use postrider_model::automation::DisabledReason;
use postrider_model::{AccountId, Action, ActionId, Automation, Timestamp};
use postrider_storage::StoreResult;
use postrider_storage::statistics::{ActionKey, Counts, Scope, TimeStep};

use crate::Figures;

/// How far back to look: as long as the store keeps sums by the hour.
const LOOK_BACK: Duration = Duration::from_secs(32 * 24 * 3600);

/// The health of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is on, and not failing.
    Healthy,
    /// Deliveries failed for good, and none succeeded since.
    Failing {
        /// When the first of them failed, to the beginning of the hour.
        since: Timestamp,
    },
    /// It is off.
    Disabled {
        /// Why Postrider switched it off; `None` if a person did.
        reason: Option<DisabledReason>,
    },
}

impl Figures {
    /// The health of each action of the automation, in their order. Test events are not counted.
    pub async fn health(&self, account: AccountId, automation: &Automation) -> StoreResult<Vec<Health>> {
        let now = self.clock.now();
        let span = now.before(LOOK_BACK)..now.after(Duration::from_millis(1));
        let key = |action: &Action| ActionKey {
            account,
            automation: automation.id,
            action: action.id,
        };
        let on: Vec<ActionKey> = automation
            .actions
            .iter()
            .filter(|action| action.enabled)
            .map(key)
            .collect();
        let wanted = |scope: &Scope| matches!(scope, Scope::Action(key) if key.automation == automation.id);
        let (store, of_on, of_span) = (&self.store, &on, &span);
        let read = move || async move {
            let mut hours = HashMap::<ActionId, Vec<(Timestamp, Counts)>>::new();
            for key in of_on {
                let scope = Scope::Action(*key);
                let stored = store.statistics(scope, TimeStep::Hour, of_span.clone()).await?;
                hours.insert(key.action, stored);
            }
            Ok(hours)
        };
        let (mut hours, here) = self.statistics.beside(wanted, read).await?;
        for count in here.counts {
            if let Scope::Action(key) = count.scope {
                hours
                    .entry(key.action)
                    .or_default()
                    .push((count.at, count.counts));
            }
        }
        let health = automation.actions.iter().map(|action| {
            if !action.enabled {
                let reason = action.disabled_reason;
                return Health::Disabled { reason };
            }
            match failing_since(hours.get(&action.id).map_or(&[], Vec::as_slice)) {
                Some(since) => Health::Failing { since },
                None => Health::Healthy,
            }
        });
        Ok(health.collect())
    }
}

/// Since which hour deliveries have failed and none has succeeded. The hours are in any order, and may
/// repeat.
fn failing_since(hours: &[(Timestamp, Counts)]) -> Option<Timestamp> {
    let succeeded = hours.iter().filter(|(_, counts)| counts.succeeded > 0);
    let last_success = succeeded.map(|(at, _)| *at).max();
    let failed = hours.iter().filter(|(_, counts)| counts.failed > 0);
    let since = failed.map(|(at, _)| *at).filter(|at| Some(*at) > last_success);
    since.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(nth: i64, failed: u64, succeeded: u64) -> (Timestamp, Counts) {
        let counts = Counts {
            failed,
            succeeded,
            ..Counts::default()
        };
        (Timestamp::from_unix_ms(nth * 3_600_000), counts)
    }

    #[test]
    fn an_action_fails_since_the_first_failure_after_its_last_success() {
        let at = |nth| Some(hour(nth, 0, 0).0);
        assert_eq!(failing_since(&[]), None);
        assert_eq!(failing_since(&[hour(1, 0, 5), hour(2, 0, 0)]), None);
        assert_eq!(failing_since(&[hour(1, 3, 0), hour(4, 1, 0)]), at(1));
        assert_eq!(
            failing_since(&[hour(1, 3, 0), hour(2, 0, 1), hour(4, 1, 0), hour(3, 0, 0)]),
            at(4)
        );
        assert_eq!(failing_since(&[hour(1, 3, 0), hour(2, 0, 1)]), None);
        // Within an hour, nobody knows which came last.
        assert_eq!(failing_since(&[hour(1, 3, 1)]), None);
        assert_eq!(failing_since(&[hour(1, 3, 0), hour(1, 0, 1)]), None);
    }
}
