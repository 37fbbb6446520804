//! The end of a storm: all is well again, and the promises are checked.

use std::time::Duration;

use postrider_model::{AccountId, DeliveryStatus};
use postrider_storage::{DeliveryFilter, PageRequest, StoreResult};
use tokio::time::{Instant, sleep};

use super::{Found, Machine, Storm};
use crate::receivers::Kind;

/// How long after the end of all trouble everything has to be settled: two schedules, a pause of two minutes
/// and a lease.
const CALM: Duration = Duration::from_secs(1_200);

/// How long a claim may be under way that finds nothing, because another node has settled what was due.
const CLAIM: Duration = Duration::from_secs(1);

/// How long a lane may remember its receiver.
const MEMORY: Duration = Duration::from_secs(1_300);

impl Storm<'_> {
    /// Ends all trouble, waits until everything is settled, and checks what is left to check.
    pub(super) async fn end(mut self) -> Found {
        for receivers in self.world.receivers.lock().iter_mut() {
            receivers
                .iter_mut()
                .for_each(|receiver| receiver.kind = Kind::Well);
        }
        for machine in &mut self.nodes {
            machine.down = Duration::ZERO;
            machine.starts_at = machine.starts_at.min(Instant::now());
            if let Some(node) = &machine.node {
                node.link.fail(None);
            }
        }
        if let Some(disk) = &self.shared.disk {
            disk.fail(None);
            disk.power_failure_after(None);
        }
        let calm = Instant::now();
        loop {
            self.restart_the_dead().await;
            let pending = self.pending().await;
            if pending == 0 {
                break;
            }
            if calm.elapsed() > CALM {
                let loads: Vec<_> = self.nodes.iter().map(Machine::load).collect();
                let text = format!("{pending} deliveries are pending {CALM:?} after all was well: {loads:?}");
                self.book.lock().violation(text);
                break;
            }
            sleep(Duration::from_secs(5)).await;
        }
        sleep(Duration::from_secs(5)).await;
        self.check_memory().await;
        self.check_events().await;
        let mut book = std::mem::take(&mut *self.book.lock());
        let is_roomy = self.plan.window_deliveries >= 300 && self.plan.in_flight_max >= 64;
        book.check_at_the_end(self.plan.has_steps, is_roomy);
        Found {
            requests: book.requests(),
            events: book.acked.len(),
            violations: book.violations,
        }
    }

    pub(super) async fn pending(&self) -> usize {
        let filter = DeliveryFilter {
            status: Some(DeliveryStatus::Pending),
            ..DeliveryFilter::default()
        };
        let mut pending = 0;
        for account in &self.accounts {
            pending += self
                .deliveries(account.id, &filter)
                .await
                .expect("all is well")
                .len();
        }
        pending
    }

    /// Nothing is left in memory soon after nothing is pending.
    pub(super) async fn check_memory(&self) {
        if !self.book.lock().violations.is_empty() {
            return;
        }
        for (pause, lanes_may_stay) in [(CLAIM, true), (MEMORY, false)] {
            sleep(pause).await;
            for load in self.nodes.iter().filter_map(Machine::load) {
                // After a step of the clock, a lane may have an alarm that lies far ahead.
                let lanes = if lanes_may_stay || self.plan.has_steps {
                    0
                } else {
                    load.lanes
                };
                if (load.deliveries, load.in_flight, lanes) != (0, 0, 0) {
                    self.book
                        .lock()
                        .violation(format!("{load:?} with nothing pending"));
                }
            }
        }
    }

    /// Each acknowledged event exists, with all its deliveries.
    pub(super) async fn check_events(&self) {
        let acked = self.book.lock().acked.clone();
        for (event, (account, deliveries)) in acked {
            let filter = DeliveryFilter {
                event: Some(event),
                ..DeliveryFilter::default()
            };
            let stored = self
                .shared
                .store()
                .event(account, event)
                .await
                .expect("the store is well");
            let found = self
                .deliveries(account, &filter)
                .await
                .expect("all is well")
                .len();
            if stored.is_none() || found != deliveries as usize {
                let text =
                    format!("{event} was acknowledged with {deliveries} deliveries; {found} are stored");
                self.book.lock().violation(text);
            }
        }
    }

    /// The ids of all deliveries that match.
    pub(super) async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
    ) -> StoreResult<Vec<String>> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit: 250, after };
            let page = self.shared.store().deliveries(account, filter, page).await?;
            ids.extend(page.items.iter().map(|delivery| delivery.id.to_string()));
            after = page.next;
            if after.is_none() {
                return Ok(ids);
            }
        }
    }
}
