//! Canceling an event before its first attempt: none of its deliveries is attempted then.

use postrider_model::{AccountId, AuditAction, By, EventId, Target};
use postrider_storage::{EventCanceled, StoreResult};

use crate::engine::Engine;

/// The result of the request to cancel an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelEventOutcome {
    /// It is canceled: no receiver gets it.
    Canceled,
    /// One of its deliveries was attempted, or may be under way. Nothing was changed.
    Attempted,
    /// The account has no such event.
    Missing,
}

impl Engine {
    /// Cancels an event with its pending deliveries, unless one of them was attempted or is in the memory
    /// of a node, which may be attempting it.
    pub async fn cancel_event(
        &self,
        by: &By,
        account: AccountId,
        event: EventId,
    ) -> StoreResult<CancelEventOutcome> {
        let now = self.clock().now();
        let id = self.ids().audit(now);
        let audit = by.did(id, AuditAction::EventCanceled, Some(account), Target::of(event));
        Ok(
            match self.store().cancel_event(account, event, now, audit).await? {
                EventCanceled::Done(canceled) => {
                    if !canceled.is_empty() {
                        self.meters().canceled(canceled.len());
                        self.observer().deliveries_canceled(account, now, &canceled);
                    }
                    CancelEventOutcome::Canceled
                }
                EventCanceled::Attempted => CancelEventOutcome::Attempted,
                EventCanceled::Missing => CancelEventOutcome::Missing,
            },
        )
    }
}
