//! Since when an automation was off that has just been switched on, for the question what to do with the
//! events that it missed.

use postrider_model::{AuditAction, AuditEntry, Automation, Scope, Timestamp};
use postrider_storage::{AuditFilter, PageRequest};
use serde_json::Value;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// Entries of the audit trail that are looked at to find when an automation was switched off.
const ENTRIES_MAX: usize = 50;

/// Since when what this change switches on was off; `None` if it switches nothing on.
///
/// The audit trail knows. If its entry is gone, the last change of the automation is the latest time at which
/// it can have been switched off.
pub async fn off_since(
    app: &App,
    account: &InAccount,
    before: &Automation,
    after: &Automation,
) -> Result<Option<Timestamp>, Refusal> {
    let was_on = |id| {
        let mut actions = before.actions.iter();
        actions
            .find(|action| action.id == id)
            .map(|action| before.enabled && action.enabled)
    };
    let mut on = after
        .actions
        .iter()
        .filter(|action| after.enabled && action.enabled);
    if !on.any(|action| was_on(action.id) == Some(false)) {
        return Ok(None);
    }
    let filter = AuditFilter {
        account: Some(account.id()),
        target: Some(after.id.to_string()),
        before: Some(after.updated_at),
        ..AuditFilter::default()
    };
    let request = PageRequest {
        limit: ENTRIES_MAX,
        after: None,
    };
    let entries = app.access.audit(Scope::All, filter, request).await?.items;
    let off = entries.iter().find(|entry| switches_off(entry));
    Ok(Some(off.map_or(before.updated_at, AuditEntry::at)))
}

/// Whether a change switched the automation or an action off.
fn switches_off(entry: &AuditEntry) -> bool {
    let details = entry
        .details
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let after = details.unwrap_or(Value::Null)["after"].take();
    let is_off = |value: &Value| value["enabled"] == Value::Bool(false);
    match entry.action {
        AuditAction::ActionDisabled => true,
        AuditAction::AutomationCreated | AuditAction::AutomationUpdated => {
            is_off(&after)
                || after["actions"]
                    .as_array()
                    .is_some_and(|actions| actions.iter().any(is_off))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{By, IdGenerator, Target};

    use super::*;

    #[test]
    fn a_change_that_switches_something_off_is_recognised() {
        let entry = |action, details: Option<&str>| {
            let id = IdGenerator::new(1).audit(Timestamp::EPOCH);
            let entry = By::NODE.did(id, action, None, Target::default());
            entry.with_details(details.map(str::to_owned))
        };
        let updated = |details| switches_off(&entry(AuditAction::AutomationUpdated, Some(details)));
        assert!(updated(
            r#"{"before":{"enabled":true},"after":{"enabled":false}}"#
        ));
        assert!(updated(
            r#"{"after":{"actions":[{"enabled":true},{"enabled":false}]}}"#
        ));
        assert!(!updated(
            r#"{"before":{"enabled":false},"after":{"enabled":true}}"#
        ));
        assert!(!updated(r#"{"after":{"name":"A"}}"#));
        assert!(!updated("cut"));
        assert!(!switches_off(&entry(AuditAction::AutomationUpdated, None)));
        assert!(switches_off(&entry(AuditAction::ActionDisabled, None)));
        assert!(!switches_off(&entry(
            AuditAction::AutomationTested,
            Some(r#"{"after":{"enabled":false}}"#)
        )));
    }
}
