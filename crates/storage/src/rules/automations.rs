//! Rules for an account's automations.

use postrider_model::automation::AUTOMATIONS_MAX;

use crate::DisableAction;
use crate::encoding::{self, Damaged};

/// Whether an account with this many automations may have one more.
pub fn has_room(count: i64) -> bool {
    usize::try_from(count).is_ok_and(|count| count < AUTOMATIONS_MAX)
}

/// An automation's encoded actions ([`encoding::automation::actions_text`]) with this action switched off.
/// `None` if the automation does not have the action, if the action is already off, because the first reason
/// stays, or if its target was edited since: the reason concerns the former target.
///
/// # Errors
/// [`Damaged`] if the text holds no actions.
pub fn with_action_disabled(actions: &str, disable: &DisableAction) -> Result<Option<String>, Damaged> {
    encoding::automation::with_action_disabled(actions, disable)
}

#[cfg(test)]
mod tests {
    use postrider_model::automation::DisabledReason;

    use super::*;
    use crate::encoding::automation::Secrets;
    use crate::rules::test_values::automation;

    #[test]
    fn an_account_has_room_below_the_bound() {
        assert!(has_room(0) && has_room(AUTOMATIONS_MAX as i64 - 1));
        assert!(!has_room(AUTOMATIONS_MAX as i64) && !has_room(-1));
    }

    #[test]
    fn an_action_is_disabled_once() {
        let before = automation().actions;
        let disable = DisableAction {
            action: before[0].id,
            target: before[0].does.target().to_owned(),
            reason: DisabledReason::Gone,
        };
        let text = encoding::automation::actions_text(&before);
        let disabled = with_action_disabled(&text, &disable).unwrap().unwrap();
        let after = encoding::automation::actions(&disabled, Secrets::default()).unwrap();
        let mut expected = before;
        expected[0].enabled = false;
        expected[0].disabled_reason = Some(DisabledReason::Gone);
        assert_eq!(after, expected);
        assert_eq!(with_action_disabled(&disabled, &disable), Ok(None));
        let elsewhere = DisableAction {
            target: "https://elsewhere.example/".to_owned(),
            ..disable
        };
        assert_eq!(with_action_disabled(&text, &elsewhere), Ok(None));
    }
}
