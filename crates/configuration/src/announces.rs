//! Operational events about changes of configuration.
//!
//! A verb whose change such an event reports takes an [`Announces`]. It asks for the events, gives them to
//! the store together with the change, and says when they are stored. The engine implements it; this crate
//! makes no delivery.

use async_trait::async_trait;
use postrider_model::{Account, Action, Automation, Does, OperationalType};
use postrider_storage::NewEvent;
use serde_json::{Value, json};

use crate::AccountEntry;

/// Makes operational events.
#[async_trait]
pub trait Announces: Send + Sync {
    /// The events that report this about an account, with their deliveries, which wait: one event in the
    /// account and, if an automation there matches, one in the account `system`. The caller gives them to the
    /// store, which commits them together with the change.
    async fn operational_events(
        &self,
        entry: &AccountEntry,
        event_type: OperationalType,
        data: Value,
    ) -> Vec<NewEvent>;

    /// The store has committed these events, so that their deliveries are due.
    fn stored(&self, events: &[NewEvent]);
}

/// The members of `data` that say what an operational event is about: an account, and an action unless it is
/// about the account as a whole.
pub fn subject(account: &Account, of_action: Option<(&Automation, &Action)>) -> Value {
    let automation = of_action.map(
        |(automation, _)| json!({ "id": automation.id, "uid": automation.uid, "name": automation.name }),
    );
    let action = of_action.map(|(_, action)| {
        let action_type = match action.does {
            Does::SendWebhook(_) => "send_webhook",
            Does::SendEmail(_) => "send_email",
        };
        json!({ "id": action.id, "type": action_type, "target": action.does.target() })
    });
    json!({
        "account": { "id": account.id, "uid": account.uid, "name": account.name },
        "automation": automation,
        "action": action,
    })
}
