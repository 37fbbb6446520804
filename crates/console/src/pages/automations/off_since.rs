//! Since when an automation was off that has just been switched on, for the question what to do with the
//! events that it missed.

use postrider_model::{ActionId, AuditAction, AuditEntry, Automation, Scope, Timestamp};
use postrider_storage::{AuditFilter, PageRequest};
use serde_json::Value;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// Entries of the audit trail that are looked at on the automation, and on each action that is switched on.
const ENTRIES_MAX: usize = 50;

/// Since when what this change switches on was off; `None` if it switches nothing on. Of several actions, the
/// time of the one that was off longest: the others have a delivery of what they did not miss.
///
/// The audit trail knows. If its entry is gone, the last change of the automation is the latest time at which
/// it can have been switched off.
pub async fn off_since(
    app: &App,
    account: &InAccount,
    before: &Automation,
    after: &Automation,
) -> Result<Option<Timestamp>, Refusal> {
    let on: Vec<ActionId> = switched_on(before, after).collect();
    if on.is_empty() {
        return Ok(None);
    }
    let of_automation = entries(app, account, after.id.to_string(), after).await?;
    let mut oldest = None;
    for id in on {
        let mut entries_of_both = entries(app, account, id.to_string(), after).await?;
        entries_of_both.extend_from_slice(&of_automation);
        // An id begins with the time. Newest first.
        entries_of_both.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.id));
        let since = State::of(before, id).since(&entries_of_both);
        let since = since.unwrap_or(before.updated_at);
        oldest = Some(oldest.map_or(since, |oldest: Timestamp| oldest.min(since)));
    }
    Ok(oldest)
}

/// The actions that were off, and are on after the change.
fn switched_on(before: &Automation, after: &Automation) -> impl Iterator<Item = ActionId> {
    let on = after.actions.iter();
    let on = on.filter(|action| after.enabled && action.enabled);
    on.map(|action| action.id).filter(|id| {
        let exists = before.actions.iter().any(|action| action.id == *id);
        exists && !State::of(before, *id).is_on()
    })
}

/// The entries on a target from before the change `after` was saved, newest first.
async fn entries(
    app: &App,
    account: &InAccount,
    target: String,
    after: &Automation,
) -> Result<Vec<AuditEntry>, Refusal> {
    let filter = AuditFilter {
        account: Some(account.id()),
        target: Some(target),
        before: Some(after.updated_at),
        ..AuditFilter::default()
    };
    let request = PageRequest {
        limit: ENTRIES_MAX,
        after: None,
    };
    Ok(app.access.audit(Scope::All, filter, request).await?.items)
}

/// Whether an automation and one of its actions are enabled, at some time. Both have to be for the action to
/// get deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    action_id: ActionId,
    automation: bool,
    action: bool,
}

impl State {
    fn of(automation: &Automation, action_id: ActionId) -> Self {
        let mut actions = automation.actions.iter();
        Self {
            action_id,
            automation: automation.enabled,
            action: actions.any(|action| action.id == action_id && action.enabled),
        }
    }

    fn is_on(self) -> bool {
        self.automation && self.action
    }

    /// Since when it is off, by the entries of its changes, newest first: each is undone, until the action is
    /// on or does not exist.
    fn since(mut self, entries: &[AuditEntry]) -> Option<Timestamp> {
        let off = entries.iter().find(|entry| {
            let existed = self.undo(entry);
            !existed || self.is_on()
        });
        off.map(AuditEntry::at)
    }

    /// Takes the change of one entry back. Returns whether the action existed before that change.
    fn undo(&mut self, entry: &AuditEntry) -> bool {
        if entry.action == AuditAction::ActionDisabled {
            self.action = true;
            return true;
        }
        if entry.action == AuditAction::AutomationCreated {
            return false;
        }
        if entry.action != AuditAction::AutomationUpdated {
            return true;
        }
        let details = entry.details.as_deref().map(serde_json::from_str::<Value>);
        let details = details.and_then(Result::ok).unwrap_or_default();
        // An entry holds the members that differ, and the actions by id.
        let (before, after) = (&details["before"], &details["after"]);
        let id = self.action_id.to_string();
        if let Some(was) = before["enabled"].as_bool() {
            self.automation = was;
        }
        if let Some(was) = before["actions"][&id]["enabled"].as_bool() {
            self.action = was;
        }
        before["actions"].get(&id).is_some() || after["actions"].get(&id).is_none()
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{AuditId, By, Target};
    use postrider_storage::rules::audit::{Shown, changes};

    use super::*;

    const ACTION: ActionId = ActionId::from_u128(1);
    const OTHER: ActionId = ActionId::from_u128(2);

    /// The automation as entries show it: whether it is enabled, its name, and which actions are enabled.
    fn shown(enabled: bool, name: &str, actions: &[(ActionId, bool)]) -> Shown {
        let actions = actions.iter().map(|(id, enabled)| {
            let members = [
                ("enabled", Shown::from(*enabled)),
                ("url", Shown::from("https://a")),
            ];
            (id.to_string(), Shown::object(members))
        });
        Shown::object([
            ("name", Shown::from(name)),
            ("enabled", Shown::from(enabled)),
            ("actions", Shown::object(actions)),
        ])
    }

    fn entry(s: i64, action: AuditAction, details: Option<String>) -> AuditEntry {
        let id = AuditId::first_at(Timestamp::from_unix_ms(s * 1000));
        By::NODE
            .did(id, action, None, Target::default())
            .with_details(details)
    }

    fn updated(s: i64, before: Shown, after: Shown) -> AuditEntry {
        entry(
            s,
            AuditAction::AutomationUpdated,
            changes(Some(before), Some(after)),
        )
    }

    /// Since when, in seconds, for a state in which these are enabled. The entries are oldest first.
    fn since(automation: bool, action: bool, entries: &[AuditEntry]) -> Option<i64> {
        let state = State {
            action_id: ACTION,
            automation,
            action,
        };
        let newest_first: Vec<_> = entries.iter().rev().cloned().collect();
        state.since(&newest_first).map(|at| at.unix_ms() / 1000)
    }

    #[test]
    fn it_is_off_since_the_change_that_switched_it_or_its_action_off() {
        let on = || shown(true, "A", &[(ACTION, true), (OTHER, true)]);
        let action_off = || shown(true, "A", &[(ACTION, false), (OTHER, true)]);
        let other_off = || shown(true, "A", &[(ACTION, true), (OTHER, false)]);
        let all_off = || shown(false, "A", &[(ACTION, true), (OTHER, true)]);
        let created = || entry(1, AuditAction::AutomationCreated, changes(None, Some(on())));
        let earlier = [
            created(),
            updated(2, on(), all_off()),
            updated(3, all_off(), on()),
        ];
        let after = |more: &[AuditEntry]| [&earlier[..], more].concat();
        let off = after(&[updated(4, on(), all_off())]);
        assert_eq!(since(false, true, &off), Some(4));
        let off = after(&[updated(4, on(), action_off())]);
        assert_eq!(since(true, false, &off), Some(4));
        let renamed = after(&[
            updated(4, on(), action_off()),
            updated(5, shown(true, "A", &[]), shown(true, "B", &[])),
            entry(6, AuditAction::AutomationTested, None),
        ]);
        assert_eq!(since(true, false, &renamed), Some(4));
        let of_other = after(&[updated(4, on(), action_off()), updated(5, on(), other_off())]);
        assert_eq!(since(true, false, &of_other), Some(4));
        let gone = after(&[entry(4, AuditAction::ActionDisabled, None)]);
        assert_eq!(since(true, false, &gone), Some(4));
    }

    #[test]
    fn it_is_off_since_the_first_of_two_switches() {
        let of = |automation, action| shown(automation, "A", &[(ACTION, action)]);
        let off = [
            updated(4, of(true, true), of(false, true)),
            updated(5, of(false, true), of(false, false)),
        ];
        assert_eq!(since(false, false, &off), Some(4));
    }

    #[test]
    fn what_was_created_off_is_off_since_then() {
        let of = |actions: &[_]| shown(true, "A", actions);
        let added = updated(4, of(&[(OTHER, true)]), of(&[(OTHER, true), (ACTION, false)]));
        assert_eq!(since(true, false, &[added]), Some(4));
        let created = entry(3, AuditAction::AutomationCreated, changes(None, Some(of(&[]))));
        assert_eq!(since(true, false, &[created]), Some(3));
    }

    #[test]
    fn entries_that_are_gone_or_cut_tell_nothing() {
        assert_eq!(since(true, false, &[]), None);
        for details in [
            None,
            Some("cut"),
            Some(r#"{"cut":"the change is too large to be shown"}"#),
        ] {
            let cut = entry(4, AuditAction::AutomationUpdated, details.map(str::to_owned));
            assert_eq!(since(true, false, &[cut]), None);
        }
    }
}
