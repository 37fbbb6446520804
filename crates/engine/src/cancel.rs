//! Canceling: all pending deliveries that match a filter get no further attempt. They are counted first, then
//! canceled in steps that report their progress.
//!
//! The store ends the session's ownership of what it cancels. A node learns of it in two ways. An attempt
//! that has not started finds out before its request leaves, because canceling changes the account's
//! configuration: at once on this node, and on others as soon as they follow the change. The result of an
//! attempt under way is fenced when it is recorded.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{AccountId, AuditAction, AuditEntry, By, Target};
use postrider_storage::{DeliveryFilter, StoreError, StoreResult, rules};
use tokio::sync::watch;

use crate::bulk::{self, BulkProgress, DeliveryCount};
use crate::engine::Engine;

/// The account has one request to cancel at a time, on each node, and it is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deliveries of this account are being canceled")]
pub struct CancelRunning;

/// Why a request to cancel did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// It did not begin.
    #[error(transparent)]
    Running(#[from] CancelRunning),
    /// The store failed; the deliveries canceled so far stay canceled.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Cancels every pending delivery that matches. Returns their number. It runs to its end even if the
    /// caller stops waiting.
    ///
    /// When this returns, no attempt of a canceled delivery starts on this node any more. Other nodes follow
    /// within a second. An attempt under way is recorded, and changes nothing.
    pub async fn cancel(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        filter: DeliveryFilter,
    ) -> Result<u64, CancelError> {
        let progress = self.cancel_with_progress(by, account, filter)?;
        Ok(bulk::ended(progress).await?)
    }

    /// Like [`Self::cancel`], and reports its progress after each step. It runs to its end even if nobody
    /// listens. If the engine stops, it ends with an error after the step under way. Fails if another request
    /// to cancel is running for the account on this node.
    pub fn cancel_with_progress(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        filter: DeliveryFilter,
    ) -> Result<watch::Receiver<BulkProgress>, CancelRunning> {
        let running = self.cancels().begin(account).ok_or(CancelRunning)?;
        let id = self.ids().audit(self.clock().now());
        let audit = by
            .did(
                id,
                AuditAction::DeliveriesCanceled,
                Some(account),
                Target::default(),
            )
            .with_details(Some(rules::audit::delivery_filter(&filter)));
        Ok(bulk::start_bulk(self, running, |engine, progress| async move {
            engine.cancel_all(account, &filter, audit, &progress).await
        }))
    }

    /// Counts the deliveries that [`Self::cancel`] would cancel now with the same filter, for about `time` at
    /// most.
    pub async fn count_cancel(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        time: Duration,
    ) -> StoreResult<DeliveryCount> {
        let began_at = self.clock().now();
        bulk::count(&**self.clock(), time, |after| {
            self.store().count_cancel_step(account, filter, after, began_at)
        })
        .await
    }

    async fn cancel_all(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        audit: AuditEntry,
        sender: &watch::Sender<BulkProgress>,
    ) -> StoreResult<()> {
        let began_at = self.clock().now();
        let mut after = None;
        // The first step that cancels deliveries writes it.
        let mut audit = Some(audit);
        loop {
            let step = self
                .store()
                .cancel_step(account, filter, after, began_at, audit.clone())
                .await;
            // After an error too: the step may have been committed.
            self.configuration().deliveries_canceled(account);
            let step = step?;
            if !step.canceled.is_empty() {
                audit = None;
                self.meters().canceled(step.canceled.len());
                self.observer()
                    .deliveries_canceled(account, began_at, &step.canceled);
                sender.send_modify(|progress| progress.done += step.canceled.len() as u64);
            }
            match step.next {
                None => return Ok(()),
                Some(_) if self.is_stopping() => return Err(bulk::stopping()),
                next => after = next,
            }
        }
    }
}
