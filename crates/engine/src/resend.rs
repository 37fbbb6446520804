//! Resends one delivery: one more attempt, on request. [`crate::replay`] does this for all that match a
//! filter.

use postrider_model::{AccountId, ActionId, AuditAction, By, Target, Timestamp};
use postrider_storage::{DeliveryKey, Resent, StoreResult};

use crate::engine::Engine;

/// The result of the request for one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendOutcome {
    /// The attempt starts as soon as the action's lane has room.
    Due,
    /// An attempt is under way or about to start.
    UnderWay,
    /// The delivery has reached the maximum number of attempts.
    TooManyAttempts,
    /// The action was deleted, or it or its automation is switched off.
    ActionGone,
    /// The account has no such delivery.
    Missing,
}

impl Engine {
    /// Requests one more attempt of a delivery, at once.
    pub async fn resend(&self, by: &By, key: DeliveryKey) -> StoreResult<ResendOutcome> {
        let Some(delivery) = self.store().delivery(key).await? else {
            return Ok(ResendOutcome::Missing);
        };
        let entry = self.configuration().entry(key.account).await?;
        if entry.is_none_or(|entry| entry.callable(delivery.action).is_none()) {
            return Ok(ResendOutcome::ActionGone);
        }
        let now = self.clock().now();
        let audit = by.did(
            self.ids().audit(now),
            AuditAction::DeliveryResent,
            Some(key.account),
            Target::of(key.delivery),
        );
        Ok(match self.store().resend(key, now, audit).await? {
            Resent::Due(action) => {
                self.now_due(key.account, &[action], now);
                ResendOutcome::Due
            }
            Resent::UnderWay => ResendOutcome::UnderWay,
            Resent::TooManyAttempts => ResendOutcome::TooManyAttempts,
            Resent::Missing => ResendOutcome::Missing,
        })
    }

    /// Tells the lanes that waiting deliveries of these actions became due at `due`.
    pub(crate) fn now_due(&self, account: AccountId, actions: &[ActionId], due: Timestamp) {
        let now = self.clock().now();
        {
            let mut lanes = self.lanes();
            for action in actions {
                lanes.waits(account, *action, due, now);
            }
        }
        self.wake_refill();
    }
}
