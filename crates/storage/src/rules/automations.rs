//! Rules for an account's automations.

use postrider_model::automation::AUTOMATIONS_MAX;
use postrider_model::{AccountId, ActionId, Automation, Timestamp};

use crate::DisableAction;

/// Whether an account with this many automations may have one more.
pub fn has_room(count: i64) -> bool {
    usize::try_from(count).is_ok_and(|count| count < AUTOMATIONS_MAX)
}

/// The next version of the automation, with this action switched off. `None` if the action is already off,
/// because the first reason stays, or if its target was edited since: the reason concerns the former target.
pub fn with_action_disabled(
    mut automation: Automation,
    disable: &DisableAction,
    now: Timestamp,
) -> Option<Automation> {
    let mut actions = automation.actions.iter_mut();
    let action = actions.find(|other| other.id == disable.action)?;
    if !action.enabled || action.does.target() != disable.target {
        return None;
    }
    action.enabled = false;
    action.disabled_reason = Some(disable.reason);
    automation.updated_at = now;
    automation.version += 1;
    Some(automation)
}

/// An action to switch off in an account, and when the reason arose.
pub type Disabling = (AccountId, DisableAction, Timestamp);

/// The changes that these make together, ordered by account and action: for each target of an action the
/// first. Thousands of results of one commit may switch the same action off, and every producer waits for
/// that commit.
pub fn distinct(mut disabled: Vec<Disabling>) -> Vec<Disabling> {
    disabled.sort_by(|a, b| key(a).cmp(&key(b)));
    disabled.dedup_by(|a, b| key(a) == key(b));
    disabled
}

fn key((account, disable, _): &Disabling) -> (AccountId, ActionId, &str) {
    (*account, disable.action, &disable.target)
}

#[cfg(test)]
mod tests {
    use postrider_model::automation::DisabledReason;

    use super::*;
    use crate::rules::test_values::automation;

    #[test]
    fn an_account_has_room_below_the_bound() {
        assert!(has_room(0) && has_room(AUTOMATIONS_MAX as i64 - 1));
        assert!(!has_room(AUTOMATIONS_MAX as i64) && !has_room(-1));
    }

    #[test]
    fn of_equal_changes_the_first_remains() {
        let account = AccountId::from_u128;
        let change = |account, action, target: &str, ms| {
            let disable = DisableAction {
                action: ActionId::from_u128(action),
                target: target.to_owned(),
                reason: DisabledReason::Gone,
            };
            (account, disable, Timestamp::from_unix_ms(ms))
        };
        let first = change(account(2), 1, "a", 9);
        let others = [
            change(account(2), 1, "b", 2),
            change(account(2), 3, "a", 3),
            change(account(1), 1, "a", 4),
        ];
        let mut all = vec![first.clone()];
        for other in &others {
            all.extend([other.clone(), change(account(2), 1, "a", 1), other.clone()]);
        }
        let [b, third, lowest] = others;
        assert_eq!(distinct(all), [lowest, first, b, third]);
    }

    #[test]
    fn an_action_is_disabled_once() {
        let (before, now) = (automation(), Timestamp::from_unix_ms(5_000));
        let disable = DisableAction {
            action: before.actions[0].id,
            target: before.actions[0].does.target().to_owned(),
            reason: DisabledReason::Gone,
        };
        let after = with_action_disabled(before.clone(), &disable, now).unwrap();
        assert_eq!((after.version, after.updated_at), (before.version + 1, now));
        assert_eq!(after.actions[0].disabled_reason, Some(DisabledReason::Gone));
        assert!(!after.actions[0].enabled);
        assert_eq!(with_action_disabled(after, &disable, now), None);
        let elsewhere = DisableAction {
            target: "https://elsewhere.example/".to_owned(),
            ..disable
        };
        assert_eq!(with_action_disabled(before, &elsewhere, now), None);
    }
}
