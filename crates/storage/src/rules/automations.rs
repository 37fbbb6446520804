//! Rules for an account's automations.

use postrider_model::automation::{AUTOMATIONS_MAX, DisabledReason};
use postrider_model::{ActionId, Automation, Timestamp};

/// Whether an account with this many automations may have one more.
pub fn has_room(count: i64) -> bool {
    usize::try_from(count).is_ok_and(|count| count < AUTOMATIONS_MAX)
}

/// The next version of the automation, with this action switched off. `None` if the action is already off:
/// the first reason stays.
pub fn with_action_disabled(
    mut automation: Automation,
    action: ActionId,
    reason: DisabledReason,
    now: Timestamp,
) -> Option<Automation> {
    let action = automation.actions.iter_mut().find(|other| other.id == action)?;
    if !action.enabled {
        return None;
    }
    action.enabled = false;
    action.disabled_reason = Some(reason);
    automation.updated_at = now;
    automation.version += 1;
    Some(automation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::test_values::automation;

    #[test]
    fn an_account_has_room_below_the_bound() {
        assert!(has_room(0) && has_room(AUTOMATIONS_MAX as i64 - 1));
        assert!(!has_room(AUTOMATIONS_MAX as i64) && !has_room(-1));
    }

    #[test]
    fn an_action_is_disabled_once() {
        let (before, now) = (automation(), Timestamp::from_unix_ms(5_000));
        let id = before.actions[0].id;
        let after = with_action_disabled(before.clone(), id, DisabledReason::Gone, now).unwrap();
        assert_eq!((after.version, after.updated_at), (before.version + 1, now));
        assert_eq!(after.actions[0].disabled_reason, Some(DisabledReason::Gone));
        assert!(!after.actions[0].enabled);
        assert_eq!(with_action_disabled(after, id, DisabledReason::Gone, now), None);
    }
}
