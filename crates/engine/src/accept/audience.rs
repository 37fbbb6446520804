//! Which automations an event goes to, and which of them its data does not meet the conditions of.

use postrider_configuration::{AccountEntry, Judging};
use postrider_json::Payload;
use postrider_model::delivery::BodySpec;
use postrider_model::{
    Action, Automation, AutomationId, DeliveryId, Does, EventTypeName, Origin, SendWebhook, WebhookBody,
};
use postrider_storage::{FirstAttempt, NewDelivery};

/// Which automations an event goes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Audience {
    /// All automations that it triggers.
    Triggered,
    /// The same; the event is Postrider's own.
    Operational,
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
            Self::Operational => Origin::Operational,
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
                    triggered.add(entry, automation, first);
                }
            }
            Self::Triggered | Self::Operational => {
                let mut judging = Judging::new(payload);
                for (automation, conditions) in entry.matching(event_type) {
                    match judging.hold(conditions) {
                        true => triggered.add(entry, automation, first),
                        false => triggered.held_back.push(automation.id),
                    }
                }
            }
        }
        triggered
    }
}

impl Triggered {
    /// Adds a delivery for each action of an automation that is on.
    fn add(&mut self, entry: &AccountEntry, automation: &Automation, first: u128) {
        let actions = automation.actions.iter().filter(|action| action.enabled);
        for action in actions {
            self.deliveries.push(NewDelivery {
                id: DeliveryId::from_u128(first + 1 + self.deliveries.len() as u128),
                automation: automation.id,
                action: action.id,
                body: body_spec(entry, action),
                first_attempt: FirstAttempt::Waiting,
            });
        }
    }
}

/// How the deliveries of an action render their bodies, or their e-mails.
pub(crate) fn body_spec(entry: &AccountEntry, action: &Action) -> BodySpec {
    if let Does::SendWebhook(SendWebhook {
        body: WebhookBody::BuiltIn { content, style },
        ..
    }) = &action.does
    {
        return BodySpec::BuiltIn {
            content: *content,
            style: *style,
        };
    }
    let pinned = entry.template(action.id);
    let pinned = pinned.expect("an account in memory has pinned its templates");
    BodySpec::Template(pinned.number)
}
