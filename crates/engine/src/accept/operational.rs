//! Operational events: built here, and stored in the commit of what they report.

use bytes::Bytes;
use postrider_configuration::AccountEntry;
use postrider_json::Payload;
use postrider_model::{OperationalType, Timestamp};
use postrider_storage::NewEvent;
use serde_json::Value;

use super::{Audience, Decided, Submission, event_of};
use crate::engine::Engine;

impl Engine {
    /// An operational event of the account, with the deliveries that it triggers. They wait in the store.
    pub(crate) fn operational_event(
        &self,
        entry: &AccountEntry,
        event_type: OperationalType,
        data: &Value,
        now: Timestamp,
    ) -> NewEvent {
        let submission = Submission {
            event_type: event_type.name(),
            data: Bytes::from(data.to_string()),
            id: None,
            occurred_at: None,
            idempotency_key: None,
        };
        let data = submission.data.clone();
        let payload = Payload::read(&data).expect("serde_json prints JSON");
        let first = self.ids().next_block(now);
        let decided = Decided {
            triggered: Audience::Operational.triggered(entry, &submission.event_type, &payload, first),
            first,
            inspection: payload.into_inspection(),
            adds_event_type: false,
        };
        event_of(
            entry.config.account.id,
            submission,
            decided,
            Audience::Operational,
            now,
        )
    }
}
