//! How results and edits change the health of actions.

use std::collections::BTreeMap;

use postrider_model::automation::DisabledReason;
use postrider_model::delivery::Next;
use postrider_model::health::{ActionHealth, Settled};
use postrider_model::{AccountId, ActionId, Automation, AutomationId, DeliveryStatus, Timestamp};

use super::attempts::AttemptResult;
use crate::encoding::{self, Damaged};
use crate::{ActionReport, DisableAction, NewEvent};

/// What the next state of a delivery says about its action's health; `None` if nothing.
pub fn settled(next: Next) -> Option<Settled> {
    match next {
        Next::Settle(DeliveryStatus::Succeeded) => Some(Settled::Succeeded),
        Next::Settle(DeliveryStatus::Failed) => Some(Settled::Failed),
        Next::Settle(DeliveryStatus::Pending | DeliveryStatus::Canceled) | Next::Retry(_) => None,
    }
}

/// The applied results of one action that say something about it, of one commit.
#[derive(Debug)]
pub struct OfAction<'a> {
    /// The account.
    pub account: AccountId,
    /// The action.
    pub action: ActionId,
    /// The results, in the order in which the attempts ended.
    results: Vec<AttemptResult<'a>>,
}

/// Groups newly applied results that say something about their actions, ordered by account and action.
/// Thousands of results of one commit may say the same, and every producer waits for that commit.
pub fn by_action<'a>(
    applied: impl Iterator<Item = (AccountId, ActionId, AttemptResult<'a>)>,
) -> Vec<OfAction<'a>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (account, action, result) in applied {
        groups.entry((account, action)).or_default().push(result);
    }
    let group = |((account, action), results)| OfAction {
        account,
        action,
        results,
    };
    groups.into_iter().map(group).collect()
}

impl<'a> OfAction<'a> {
    /// The automation, if a result reports about the health of the action. Otherwise it does not change.
    pub fn automation(&self) -> Option<AutomationId> {
        self.results
            .iter()
            .find_map(|result| Some(result.report?.automation))
    }

    /// What the results switch off, and when the reason arose: for each target the first reason. An action
    /// that has recovered meanwhile is not switched off as a failing one.
    pub fn disabling(&self, health: ActionHealth) -> Vec<Disabling> {
        let mut disabling = Vec::<Disabling>::new();
        for (nth, result) in self.results.iter().enumerate() {
            let Some(disable) = result.disabled(self.action) else {
                continue;
            };
            let is_over = disable.reason == DisabledReason::Failing && health.failing_since.is_none();
            if !is_over
                && disabling
                    .iter()
                    .all(|other| other.disable.target != disable.target)
            {
                disabling.push(Disabling {
                    disable,
                    at: result.state_at(),
                    nth,
                });
            }
        }
        disabling
    }

    /// The health after all results, and the events to store. `disabled` is the one of [`Self::disabling`]
    /// that switched the action off.
    pub fn after(
        &self,
        mut health: ActionHealth,
        disabled: Option<&Disabling>,
    ) -> (ActionHealth, Vec<&'a NewEvent>) {
        let mut events = Vec::new();
        for (nth, result) in self.results.iter().enumerate() {
            let is_disabled = disabled.is_some_and(|disabled| disabled.nth == nth);
            let mut is_announced = false;
            if is_disabled {
                let reports = result.report.into_iter();
                let is_announced = reports.clone().any(ActionReport::can_announce_disabling);
                health = health.after_disabling(result.state_at(), is_announced);
            } else if let (Some(settled), Some(report)) = (settled(result.next), result.report)
                && report.changes_health
            {
                let judged = health.after(settled, result.state_at(), report.can_announce());
                (health, is_announced) = (judged.health, judged.is_announced);
            }
            events.extend(
                result
                    .report
                    .into_iter()
                    .flat_map(|report| report.stored(is_announced, is_disabled)),
            );
        }
        (health, events)
    }
}

/// An action to switch off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabling {
    /// The action, and why.
    pub disable: DisableAction,
    /// When the reason arose.
    pub at: Timestamp,
    /// Which of the action's results says so.
    nth: usize,
}

/// The actions whose health an edit changes. What is known of them concerns the time before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Anew {
    /// Those that it removes: their health is forgotten.
    pub removed: Vec<ActionId>,
    /// Those that it sends elsewhere or switches on, whether alone or with their automation:
    /// [`ActionHealth::begun_anew`].
    pub begun: Vec<ActionId>,
}

impl Anew {
    /// What an edit changes. `actions` is [`encoding::automation::actions_text`] before the edit;
    /// `was_enabled` says whether the automation was on.
    ///
    /// # Errors
    /// [`Damaged`] if the text holds no actions.
    pub fn of(actions: &str, was_enabled: bool, after: &Automation) -> Result<Self, Damaged> {
        let is_on_now = after.enabled && !was_enabled;
        let mut anew = Self::default();
        for (id, target, was_on) in encoding::automation::switches(actions)? {
            match after.actions.iter().find(|action| action.id == id) {
                None => anew.removed.push(id),
                Some(after) if is_on_now || (after.enabled && !was_on) || after.does.target() != target => {
                    anew.begun.push(id);
                }
                Some(_) => {}
            }
        }
        Ok(anew)
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::delivery::Progress;
    use postrider_model::{Attempt, EventId, Origin};

    use super::*;
    use crate::rules::test_values::{attempt, automation};
    use crate::{ActionReport, Announcement, StoredIf};

    fn announcement(stored_if: StoredIf, id: u128) -> Announcement {
        let event = postrider_model::Event {
            id: EventId::from_u128(id),
            account: AccountId::from_u128(1),
            event_type: "postrider.action.failing".parse().unwrap(),
            data: bytes::Bytes::from_static(b"{}"),
            occurred_at: None,
            created_at: Timestamp::from_unix_ms(0),
            origin: Origin::Operational,
            fixed_points: postrider_model::FixedPoints::default(),
            warning: None,
            deliveries: 0,
            deliver_at: None,
            headers: postrider_model::EventHeaders::default(),
            trace: None,
            missed: 0,
            is_canceled: false,
        };
        Announcement {
            stored_if,
            event: NewEvent {
                event,
                id_is_callers: false,
                idempotency_key: None,
                adds_event_type: false,
                deliveries: Vec::new(),
                held_back: Vec::new(),
            },
        }
    }

    /// A report whose announcements have the ids `n`, `n + 1` and `n + 2`.
    fn report(n: u128) -> ActionReport {
        ActionReport {
            automation: AutomationId::from_u128(7),
            changes_health: true,
            announcements: vec![
                announcement(StoredIf::Applied, n),
                announcement(StoredIf::HealthAnnounced, n + 1),
                announcement(StoredIf::ActionDisabled, n + 2),
            ],
        }
    }

    fn result<'a>(
        attempt: &'a Attempt,
        report: &'a ActionReport,
        status: DeliveryStatus,
        disables: Option<DisabledReason>,
    ) -> AttemptResult<'a> {
        AttemptResult {
            attempt,
            progress: Progress::new(),
            next: Next::Settle(status),
            disables,
            report: Some(report),
        }
    }

    /// The health and the ids of the stored events after these results of one action.
    fn after(health: ActionHealth, results: Vec<AttemptResult<'_>>) -> (ActionHealth, Vec<u128>) {
        let ids = |result| (AccountId::from_u128(1), ActionId::from_u128(2), result);
        let [group] = <[_; 1]>::try_from(by_action(results.into_iter().map(ids))).unwrap();
        let disabling = group.disabling(health);
        let (health, events) = group.after(health, disabling.first());
        (health, events.iter().map(|new| new.event.id.as_u128()).collect())
    }

    #[test]
    fn of_the_failures_of_one_commit_the_first_is_announced() {
        let (attempt, reports) = (attempt(1, 5), [report(10), report(20)]);
        let failed = |n: usize| result(&attempt, &reports[n], DeliveryStatus::Failed, None);
        let (health, events) = after(ActionHealth::default(), vec![failed(0), failed(1)]);
        assert_eq!(events, [10, 11, 20]);
        assert_eq!(health.failing_since, Some(failed(0).state_at()));
        let recovered = result(&attempt, &reports[1], DeliveryStatus::Succeeded, None);
        let (health, events) = after(health, vec![recovered, recovered]);
        assert_eq!((health.failing_since, events), (None, vec![20, 21, 20]));
    }

    #[test]
    fn a_report_without_the_announcement_does_not_count_as_one() {
        let attempt = attempt(1, 5);
        let silent = ActionReport {
            announcements: vec![announcement(StoredIf::Applied, 10)],
            ..report(0)
        };
        let failed = result(&attempt, &silent, DeliveryStatus::Failed, None);
        let (health, events) = after(ActionHealth::default(), vec![failed]);
        assert_eq!(
            (health.failing_since.is_some(), health.is_announced),
            (true, false)
        );
        assert_eq!(events, [10]);
        let unchanged = ActionReport {
            changes_health: false,
            ..silent
        };
        let failed = result(&attempt, &unchanged, DeliveryStatus::Failed, None);
        assert_eq!(
            after(ActionHealth::default(), vec![failed]),
            (ActionHealth::default(), vec![10])
        );
    }

    #[test]
    fn of_an_action_that_is_switched_off_this_alone_is_announced() {
        let (attempt, reports) = (attempt(1, 5), [report(10), report(20)]);
        let gone = |n: usize| {
            let gone = Some(DisabledReason::Gone);
            result(&attempt, &reports[n], DeliveryStatus::Failed, gone)
        };
        let (health, events) = after(ActionHealth::default(), vec![gone(0), gone(1)]);
        assert_eq!(events, [10, 12, 20]);
        assert_eq!(health.disabled_at, Some(gone(0).state_at()));
    }

    #[test]
    fn an_action_that_recovered_meanwhile_is_not_switched_off_as_failing() {
        let (attempt, report) = (attempt(1, 5), report(10));
        let failing = Some(DisabledReason::Failing);
        let failed = || result(&attempt, &report, DeliveryStatus::Failed, failing);
        let (health, events) = after(ActionHealth::default(), vec![failed()]);
        assert_eq!((health.disabled_at, events), (None, vec![10, 11]));
        let (health, events) = after(health, vec![failed()]);
        assert_eq!((health.disabled_at.is_some(), events), (true, vec![10, 12]));
    }

    #[test]
    fn switching_on_removing_and_redirecting_begin_the_health_of_an_action_anew() {
        let before = automation();
        let text = encoding::automation::actions_text(&before.actions);
        let id = before.actions[0].id;
        let begun = |begun| {
            let removed = Vec::new();
            Ok(Anew { removed, begun })
        };
        assert_eq!(Anew::of(&text, true, &before), Ok(Anew::default()));
        assert_eq!(
            Anew::of(&text, false, &before),
            begun(before.actions.iter().map(|a| a.id).collect())
        );
        let mut removed = before.clone();
        removed.actions.remove(0);
        let of_removed = Anew::of(&text, true, &removed).unwrap();
        assert_eq!((of_removed.removed, of_removed.begun), (vec![id], vec![]));
        let mut off = before.clone();
        off.actions[0].enabled = false;
        assert_eq!(Anew::of(&text, true, &off), Ok(Anew::default()));
        let off_text = encoding::automation::actions_text(&off.actions);
        assert_eq!(Anew::of(&off_text, true, &before), begun(vec![id]));
        let mut elsewhere = before.clone();
        let postrider_model::Does::SendWebhook(webhook) = &mut elsewhere.actions[0].does else {
            panic!("a webhook");
        };
        webhook.url.push_str("elsewhere");
        assert_eq!(Anew::of(&text, true, &elsewhere), begun(vec![id]));
    }
}
