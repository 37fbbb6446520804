//! What a settled delivery says about its action: changes of its health, and the operational events that
//! announce them.
//!
//! The store decides in the commit of the result whether the health changes, because other nodes report too.
//! So the events are built beforehand, and the store stores those that apply
//! ([`postrider_storage::rules::health`]). Nearly all results say nothing: a delivery that succeeds, of an
//! action that is not failing.
//!
//! To announce something else of a result: add its type to [`OperationalType`], and push it in [`types`].

use postrider_configuration::{AccountEntry, subject};
use postrider_model::automation::DisabledReason;
use postrider_model::delivery::Next;
use postrider_model::health::{ActionHealth, Judged, Settled};
use postrider_model::{Action, Attempt, Automation, OperationalType, Origin};
use postrider_storage::rules::health::settled;
use postrider_storage::{ActionReport, Announcement, ReadyDelivery, StoredIf};
use serde_json::{Value, json};

use crate::announce::Announcer;
use crate::carry::Advice;
use crate::engine::Engine;

/// A settled delivery, and all that is said about it.
pub(crate) struct Report<'a> {
    pub(crate) entry: &'a AccountEntry,
    pub(crate) automation: &'a Automation,
    pub(crate) action: &'a Action,
    pub(crate) delivery: &'a ReadyDelivery,
    pub(crate) attempt: &'a Attempt,
    pub(crate) next: Next,
    /// What the last attempt says about the action.
    pub(crate) advice: Advice,
}

/// What follows from a result for its action.
#[derive(Default)]
pub(crate) struct Said {
    /// Why the result switches the action off.
    pub(crate) disables: Option<DisabledReason>,
    /// What the store has to know.
    pub(crate) report: Option<Box<ActionReport>>,
    /// Whether the action changes: its health, as far as this node knows, or its switch.
    pub(crate) changes_action: bool,
}

impl Report<'_> {
    /// What the result says.
    pub(crate) async fn say(&self, engine: &Engine) -> Said {
        let Some(settled) = settled(self.next) else {
            return Said::default();
        };
        let before = self.entry.health(self.action.id);
        if settled == Settled::Succeeded && !before.changes_by_success() {
            return Said::default();
        }
        let at = self.attempt.started_at.after(self.attempt.duration);
        let origin = self.delivery.event.origin;
        // Tests and failures of the operator's part say nothing about the action.
        let is_of_action = origin != Origin::Test && !self.advice.is_operators;
        let judged = match origin {
            _ if !is_of_action => Judged {
                health: before,
                is_announced: false,
            },
            // A notice that fails never announces itself.
            Origin::Operational => before.after(settled, at, settled == Settled::Succeeded),
            Origin::Producer | Origin::Test => before.after(settled, at, true),
        };
        let disables = match settled {
            Settled::Succeeded => None,
            // While attempts are left, a receiver that is gone may still come back.
            Settled::Failed if self.advice.gone => Some(DisabledReason::Gone),
            Settled::Failed if !is_of_action => None,
            Settled::Failed => before.disables(at, engine.settings().disable_failing_after),
        };
        let types = types(origin, settled, judged.is_announced, disables);
        let announcements = self.announcements(engine, types, disables, judged.health).await;
        let changes_health = judged.health != before;
        let report = (changes_health || disables.is_some() || !announcements.is_empty()).then(|| {
            Box::new(ActionReport {
                automation: self.automation.id,
                changes_health,
                announcements,
            })
        });
        Said {
            disables,
            report,
            changes_action: changes_health || disables.is_some(),
        }
    }

    /// The events of these types, to be stored if their conditions are met.
    async fn announcements(
        &self,
        engine: &Engine,
        types: Vec<(OperationalType, StoredIf)>,
        disables: Option<DisabledReason>,
        after: ActionHealth,
    ) -> Vec<Announcement> {
        let mut announcements = Vec::new();
        if types.is_empty() {
            return announcements;
        }
        let announcer = Announcer::about(engine, self.entry).await;
        for (event_type, stored_if) in types {
            let events = announcer.events(event_type, || self.data(event_type, disables, after));
            announcements.extend(events.into_iter().map(|event| Announcement { stored_if, event }));
        }
        announcements
    }

    /// `data` of an event about this result.
    fn data(
        &self,
        event_type: OperationalType,
        disables: Option<DisabledReason>,
        after: ActionHealth,
    ) -> Value {
        let mut data = subject(&self.entry.config.account, Some((self.automation, self.action)));
        match event_type {
            OperationalType::ActionFailing => {
                data["failing_since"] = json!(after.failing_since);
                data["error"] = json!(self.error());
            }
            OperationalType::ActionRecovered => {
                data["failing_since"] = json!(self.entry.health(self.action.id).failing_since);
            }
            OperationalType::ActionDisabled => {
                data["reason"] = json!(disables.map(DisabledReason::as_str));
                data["message"] = json!(disables.map(DisabledReason::message));
            }
            OperationalType::DeliveryFailed => {
                data["delivery"] = json!({
                    "id": self.delivery.key.delivery,
                    "event_id": self.delivery.event.id,
                    "event_type": self.delivery.event.event_type,
                    "attempts": self.attempt.number,
                });
                data["error"] = json!(self.error());
            }
            OperationalType::BacklogHigh | OperationalType::SigningKeyRotated => {}
        }
        data
    }

    /// What went wrong, for people.
    fn error(&self) -> String {
        match (&self.attempt.error, self.attempt.exchange.status_code()) {
            (Some(error), _) => error.clone(),
            (None, Some(code)) => format!("The receiver responded {code}"),
            (None, None) => self.attempt.outcome.as_str().to_owned(),
        }
    }
}

/// The events that a result may announce.
fn types(
    origin: Origin,
    settled: Settled,
    is_announced: bool,
    disables: Option<DisabledReason>,
) -> Vec<(OperationalType, StoredIf)> {
    let mut types = Vec::new();
    if settled == Settled::Failed && origin == Origin::Producer {
        types.push((OperationalType::DeliveryFailed, StoredIf::Applied));
    }
    match (disables, settled) {
        (Some(_), _) if origin == Origin::Operational => {}
        (Some(_), _) => types.push((OperationalType::ActionDisabled, StoredIf::ActionDisabled)),
        (None, Settled::Failed) if is_announced => {
            types.push((OperationalType::ActionFailing, StoredIf::HealthAnnounced));
        }
        (None, Settled::Succeeded) if is_announced => {
            types.push((OperationalType::ActionRecovered, StoredIf::HealthAnnounced));
        }
        (None, _) => {}
    }
    types
}
