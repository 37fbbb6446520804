//! Operational events: built here, and stored in the commit of what they report.

use std::sync::Arc;

use bytes::Bytes;
use postrider_configuration::AccountEntry;
use postrider_json::Payload;
use postrider_model::{OperationalType, Timestamp};
use postrider_storage::NewEvent;
use serde_json::Value;

use super::{AcceptError, Audience, Decided, Submission, event_of};
use crate::engine::Engine;

impl Engine {
    /// Accepts an operational event of its own: one that is stored for itself, and not with a result.
    pub(crate) async fn accept_operational(
        &self,
        entry: Arc<AccountEntry>,
        submission: Submission,
    ) -> Result<(), AcceptError> {
        self.accept_for(entry, vec![submission], Audience::Operational)
            .await?;
        Ok(())
    }

    /// An operational event of the account, with the deliveries that it triggers. They wait in the store.
    pub(crate) fn operational_event(
        &self,
        entry: &AccountEntry,
        event_type: OperationalType,
        data: &Value,
        now: Timestamp,
    ) -> NewEvent {
        let submission = Submission::new(event_type.name(), Bytes::from(data.to_string()));
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
