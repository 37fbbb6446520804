//! Which automations an event goes to, and which of them its data does not meet the conditions of.

use std::cell::OnceCell;

use postrider_configuration::AccountEntry;
use postrider_json::Payload;
use postrider_model::delivery::BodySpec;
use postrider_model::{Automation, AutomationId, DeliveryId, Does, EventTypeName, Origin};
use postrider_storage::{FirstAttempt, NewDelivery};

/// Which automations an event goes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Audience {
    /// All automations that it triggers.
    Triggered,
    /// This automation only, whatever its trigger: the event is a test.
    Only(AutomationId),
}

/// What an event triggers.
pub(super) struct Triggered {
    /// A delivery for each action that is on.
    pub(super) deliveries: Vec<NewDelivery>,
    /// The automations whose conditions the data does not meet.
    pub(super) held_back: Vec<AutomationId>,
}

impl Audience {
    pub(super) fn origin(self) -> Origin {
        match self {
            Self::Triggered => Origin::Producer,
            Self::Only(_) => Origin::Test,
        }
    }

    /// What an event triggers. The deliveries get the ids after `first`.
    pub(super) fn triggered(
        self,
        entry: &AccountEntry,
        event_type: &EventTypeName,
        payload: &Payload<'_>,
        first: u128,
    ) -> Triggered {
        let mut triggered = Triggered {
            deliveries: Vec::new(),
            held_back: Vec::new(),
        };
        match self {
            Self::Only(id) => {
                if let Some(automation) = entry.automation(id) {
                    triggered.add(automation, first);
                }
            }
            Self::Triggered => {
                // Most events meet no conditions, and need no tree.
                let data = OnceCell::new();
                for (automation, conditions) in entry.matching(event_type) {
                    match conditions {
                        Some(conditions) if !conditions.hold_on(data.get_or_init(|| payload.value())) => {
                            triggered.held_back.push(automation.id);
                        }
                        _ => triggered.add(automation, first),
                    }
                }
            }
        }
        triggered
    }
}

impl Triggered {
    /// Adds a delivery for each action of an automation that is on.
    fn add(&mut self, automation: &Automation, first: u128) {
        let actions = automation.actions.iter().filter(|action| action.enabled);
        for action in actions {
            self.deliveries.push(NewDelivery {
                id: DeliveryId::from_u128(first + 1 + self.deliveries.len() as u128),
                automation: automation.id,
                action: action.id,
                body: body_of(&action.does),
                first_attempt: FirstAttempt::Waiting,
            });
        }
    }
}

/// How the deliveries of an action render their bodies.
fn body_of(does: &Does) -> BodySpec {
    match does {
        Does::SendWebhook(webhook) => BodySpec {
            content: webhook.content,
            style: webhook.style,
        },
    }
}
