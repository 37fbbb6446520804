//! Which automations an event triggers, and why others are not: for people who ask.

use postrider_json::{Payload, RowExplanation};
use postrider_model::{Automation, Event};

use crate::directory::AccountEntry;
use crate::judging::{EVENT_STEPS_MAX, Judging};

/// What an automation does about an event of one of its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictStatus {
    /// The event triggers it.
    Triggered,
    /// The event's data does not meet its conditions.
    HeldBack,
    /// The automation is off, or all its actions are.
    Off,
}

impl VerdictStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Triggered, Self::HeldBack, Self::Off];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::HeldBack => "held_back",
            Self::Off => "off",
        }
    }
}

/// An automation, judged for an event of one of its types.
#[derive(Debug)]
pub struct AutomationVerdict<'a> {
    /// The automation.
    pub automation: &'a Automation,
    /// What it does.
    pub status: VerdictStatus,
    /// Each comparison of its conditions.
    pub rows: Vec<RowExplanation>,
}

impl AccountEntry {
    /// The automations whose event types match, oldest first, each judged as it is now. When the event was
    /// accepted, the automations may have been others. Judging is bounded as it is at acceptance, and
    /// explaining by as much again: rows beyond that are not compared.
    pub fn verdicts(&self, event: &Event) -> Vec<AutomationVerdict<'_>> {
        let payload = Payload::of_stored(&event.data);
        let mut judging = Judging::new(&payload);
        let mut steps = EVENT_STEPS_MAX;
        let automations = self.config.automations.iter().enumerate();
        let matching = automations.filter(|(_, it)| it.trigger.matches(&event.event_type));
        matching
            .map(|(index, automation)| {
                let conditions = self.conditions_of(index);
                let is_on = automation.enabled && automation.actions.iter().any(|action| action.enabled);
                let holds = automation.enabled && judging.hold(conditions);
                AutomationVerdict {
                    automation,
                    status: match (is_on, holds) {
                        (false, _) => VerdictStatus::Off,
                        (true, false) => VerdictStatus::HeldBack,
                        (true, true) => VerdictStatus::Triggered,
                    },
                    rows: conditions
                        .map(|conditions| conditions.explain(&payload, &mut steps))
                        .unwrap_or_default(),
                }
            })
            .collect()
    }
}
