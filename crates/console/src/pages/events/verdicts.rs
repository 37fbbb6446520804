//! Why each automation of an event's type is triggered, or is not.

use postrider_configuration::{AutomationVerdict, VerdictStatus};
use postrider_model::Event;

use crate::pages::automations::check::reason;
use crate::visitor::account::InAccount;

/// An automation of the event's type.
pub struct VerdictRow {
    /// Its address.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Whether the event triggers it.
    pub is_triggered: bool,
    /// Why, in words.
    pub reason: String,
}

/// The automations whose event types match, as they are now.
pub fn of(account: &InAccount, event: &Event) -> Vec<VerdictRow> {
    let verdicts = account.entry.verdicts(event).into_iter();
    verdicts
        .map(|verdict| VerdictRow {
            href: account.path(&format!("automations/{}", verdict.automation.id)),
            name: verdict.automation.name.clone(),
            is_triggered: verdict.status == VerdictStatus::Triggered,
            reason: words(&verdict),
        })
        .collect()
}

fn words(verdict: &AutomationVerdict<'_>) -> String {
    let decided = |holds| reason(&verdict.rows, holds);
    match verdict.status {
        VerdictStatus::Off if !verdict.automation.enabled => "it is switched off".to_owned(),
        VerdictStatus::Off => "all its actions are switched off".to_owned(),
        VerdictStatus::HeldBack => decided(false),
        VerdictStatus::Triggered => decided(true),
    }
}
