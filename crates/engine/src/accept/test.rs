//! Tests of an automation: events that go to it alone.

use std::sync::Arc;

use bytes::Bytes;
use postrider_model::{
    AccountId, AuditAction, Automation, AutomationId, By, EventPattern, EventTypeName, OperationalType,
    Target,
};
use postrider_storage::{StoreError, StoreResult};

use super::{AcceptError, Accepted, Audience, Rejection, Submission};
use crate::engine::Engine;

/// Most tests of an account within a minute, on each node. A test goes to any URL that a customer enters.
pub const TESTS_PER_MINUTE: usize = 10;

impl Engine {
    /// Sends a test event to one automation, whatever its trigger.
    ///
    /// If `event_type` is `None`, the event has the first exact type of the trigger, otherwise a type under
    /// its first prefix, otherwise `test`. If `data` is `None`, the event has the catalogue's example for its
    /// type, otherwise `{"test":true}`.
    ///
    /// The audit trail has an entry of a test, besides the event itself. It is written once the event has
    /// passed the quick checks and before it is accepted, so that no test is without one.
    ///
    /// Returns `None` if the account has no such automation.
    pub async fn send_test(
        &self,
        by: &By,
        account: AccountId,
        automation: AutomationId,
        event_type: Option<EventTypeName>,
        data: Option<Bytes>,
    ) -> Result<Option<Result<Accepted, Rejection>>, AcceptError> {
        let entry = self
            .configuration()
            .entry(account)
            .await?
            .ok_or(AcceptError::AccountMissing)?;
        let Some(found) = entry.automation(automation) else {
            return Ok(None);
        };
        if !found.enabled {
            return Ok(Some(Err(Rejection::AutomationDisabled)));
        }
        let event_type = event_type.unwrap_or_else(|| test_type(found));
        let data = match data {
            Some(data) => data,
            None => self.example_of(&event_type).await?,
        };
        let submission = Submission::new(event_type, data);
        let audience = Audience::Only(automation);
        if let Err(rejection) = self.check(&submission, audience) {
            return Ok(Some(Err(rejection)));
        }
        let now = self.clock().monotonic();
        if let Err(retry_after) = self.tests().begin(account, now) {
            return Ok(Some(Err(Rejection::TooManyTests { retry_after })));
        }
        let noted = self.note_test(by, account, found).await;
        let sent = match noted {
            Ok(()) => {
                self.accept_for(Arc::clone(&entry), vec![submission], audience)
                    .await
            }
            Err(error) => Err(error.into()),
        };
        let sent = sent.map(|results| results.into_iter().next());
        if !matches!(sent, Ok(Some(Ok(_)))) {
            self.tests().call_off(account, now);
        }
        sent
    }

    async fn note_test(&self, by: &By, account: AccountId, automation: &Automation) -> StoreResult<()> {
        let target = Target::named(automation.id, &automation.name);
        let id = self.ids().audit(self.clock().now());
        let noted = by.did(id, AuditAction::AutomationTested, Some(account), target);
        self.store().note_audit(vec![noted]).await
    }

    async fn example_of(&self, event_type: &EventTypeName) -> Result<Bytes, StoreError> {
        let entry = self.configuration().event_type(event_type).await?;
        // Customers send tests too, and receive what is sent.
        let visible = entry.filter(|entry| entry.visible);
        let example = visible.and_then(|entry| entry.example);
        let example = example.or_else(|| Some(OperationalType::of(event_type)?.example()));
        Ok(example.map_or_else(|| Bytes::from_static(br#"{"test":true}"#), Bytes::from))
    }
}

/// The event type of a test that specifies none.
fn test_type(automation: &Automation) -> EventTypeName {
    let exact = automation
        .trigger
        .event_types
        .iter()
        .find_map(|pattern| match pattern {
            EventPattern::Exact(name) => Some(name.clone()),
            EventPattern::Any | EventPattern::Under(_) => None,
        });
    let under = || {
        automation
            .trigger
            .event_types
            .iter()
            .find_map(|pattern| match pattern {
                EventPattern::Under(prefix) => format!("{prefix}test").parse().ok(),
                EventPattern::Any | EventPattern::Exact(_) => None,
            })
    };
    exact
        .or_else(under)
        .unwrap_or_else(|| "test".parse().expect("`test` is within the alphabet"))
}
