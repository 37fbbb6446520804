//! Replays: one more attempt of all deliveries that match a filter. They are counted first, then made due in
//! steps that report their progress.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{AccountId, ActionId, AuditAction, AuditEntry, By, Target};
use postrider_storage::{DeliveryFilter, StoreError, StoreResult, rules};
use tokio::sync::watch;

use crate::bulk::{self, BulkProgress, DeliveryCount};
use crate::engine::Engine;
use postrider_configuration::AccountEntry;

/// The account has one replay, or sending of missed events, at a time, on each node, and it is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a replay of this account, or the sending of missed events, is running")]
pub struct ReplayRunning;

/// Why a replay did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It did not begin.
    #[error(transparent)]
    Running(#[from] ReplayRunning),
    /// The store failed; the deliveries made due so far stay due.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Requests one more attempt of every settled delivery that matches and whose action may be called.
    /// Returns their number. The replay runs to its end even if the caller stops waiting.
    pub async fn replay(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        filter: DeliveryFilter,
    ) -> Result<u64, ReplayError> {
        let progress = self.replay_with_progress(by, account, filter)?;
        Ok(bulk::ended(progress).await?)
    }

    /// Like [`Self::replay`], and reports its progress after each step. The replay runs to its end even if
    /// nobody listens. If the engine stops, the replay ends with an error after the step under way. Fails if
    /// another replay of the account is running on this node.
    pub fn replay_with_progress(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        filter: DeliveryFilter,
    ) -> Result<watch::Receiver<BulkProgress>, ReplayRunning> {
        let running = self.replays().begin(account).ok_or(ReplayRunning)?;
        let id = self.ids().audit(self.clock().now());
        let audit = by
            .did(
                id,
                AuditAction::DeliveriesReplayed,
                Some(account),
                Target::default(),
            )
            .with_details(Some(rules::audit::delivery_filter(&filter)));
        Ok(bulk::start_bulk(self, running, |engine, progress| async move {
            engine.replay_all(account, &filter, audit, &progress).await
        }))
    }

    /// Counts the deliveries that [`Self::replay`] would make due now with the same filter, for about `time`
    /// at most.
    pub async fn count_replay(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        time: Duration,
    ) -> StoreResult<DeliveryCount> {
        let Some(entry) = self.configuration().entry(account).await? else {
            return Ok(DeliveryCount::NONE);
        };
        let actions = callable(&entry);
        let began_at = self.clock().now();
        bulk::count(&**self.clock(), time, |after| {
            self.store()
                .count_step(account, filter, &actions, after, began_at)
        })
        .await
    }

    async fn replay_all(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        audit: AuditEntry,
        sender: &watch::Sender<BulkProgress>,
    ) -> StoreResult<()> {
        let Some(entry) = self.configuration().entry(account).await? else {
            return Ok(());
        };
        let actions = callable(&entry);
        let began_at = self.clock().now();
        let mut after = None;
        // The first step that makes deliveries due writes it.
        let mut audit = Some(audit);
        loop {
            let step = self
                .store()
                .replay_step(account, filter, &actions, after, began_at, audit.clone())
                .await?;
            if step.replayed > 0 {
                audit = None;
                sender.send_modify(|progress| progress.done += step.replayed as u64);
                self.now_due(account, &actions, began_at);
            }
            match step.next {
                None => return Ok(()),
                Some(_) if self.is_stopping() => return Err(bulk::stopping()),
                next => after = next,
            }
        }
    }
}

/// The actions that may be called.
fn callable(entry: &AccountEntry) -> Vec<ActionId> {
    let automations = &entry.config.automations;
    automations
        .iter()
        .flat_map(|automation| &automation.actions)
        .map(|action| action.id)
        .filter(|action| entry.callable(*action).is_some())
        .collect()
}
