//! One more attempt, asked for by a person: of one delivery, or of all that match a filter.

use std::sync::Arc;

use postrider_model::{AccountId, ActionId};
use postrider_storage::{DeliveryFilter, DeliveryKey, Resent, StoreResult};

use crate::engine::Engine;

/// What became of the wish for one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendOutcome {
    /// It starts as soon as the action's lane has room.
    Due,
    /// An attempt is under way or about to start.
    UnderWay,
    /// The delivery has had as many attempts as one can have.
    TooManyAttempts,
    /// The action was deleted, or it or its automation is switched off.
    ActionGone,
    /// The account has no such delivery.
    Missing,
}

impl Engine {
    /// Asks for one more attempt of a delivery, at once.
    pub async fn resend(&self, key: DeliveryKey) -> StoreResult<ResendOutcome> {
        let Some(delivery) = self.store().delivery(key).await? else {
            return Ok(ResendOutcome::Missing);
        };
        let entry = self.directory().entry(key.account).await?;
        if entry.is_none_or(|entry| entry.callable(delivery.action).is_none()) {
            return Ok(ResendOutcome::ActionGone);
        }
        let now = self.clock().now();
        Ok(match self.store().resend(key, now).await? {
            Resent::Due(action) => {
                self.now_due(key.account, &[action]);
                ResendOutcome::Due
            }
            Resent::UnderWay => ResendOutcome::UnderWay,
            Resent::TooManyAttempts => ResendOutcome::TooManyAttempts,
            Resent::Missing => ResendOutcome::Missing,
        })
    }

    /// Asks for one more attempt of every settled delivery that matches and whose action may be called. Answers how
    /// many there are; it goes on to the end even if the caller stops waiting.
    pub async fn replay(self: &Arc<Self>, account: AccountId, filter: DeliveryFilter) -> StoreResult<u64> {
        let engine = Arc::clone(self);
        let steps = tokio::spawn(async move { engine.replay_all(account, &filter).await });
        steps
            .await
            .unwrap_or_else(|error| Err(postrider_storage::StoreError::Internal(error.to_string())))
    }

    async fn replay_all(&self, account: AccountId, filter: &DeliveryFilter) -> StoreResult<u64> {
        let Some(entry) = self.directory().entry(account).await? else {
            return Ok(0);
        };
        let automations = &entry.config.automations;
        let actions: Vec<ActionId> = automations
            .iter()
            .flat_map(|automation| &automation.actions)
            .map(|action| action.id)
            .filter(|action| entry.callable(*action).is_some())
            .collect();
        let began_at = self.clock().now();
        let (mut replayed, mut after) = (0, None);
        loop {
            let step = self
                .store()
                .replay_step(account, filter, &actions, after, began_at)
                .await?;
            if step.replayed > 0 {
                replayed += step.replayed as u64;
                self.now_due(account, &actions);
            }
            match step.next {
                Some(next) => after = Some(next),
                None => return Ok(replayed),
            }
        }
    }

    fn now_due(&self, account: AccountId, actions: &[ActionId]) {
        let now = self.clock().now();
        {
            let mut lanes = self.lanes();
            for action in actions {
                lanes.waits(account, *action, now, now);
            }
        }
        self.wake_refill();
    }
}
