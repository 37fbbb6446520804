//! Sending what was missed: an automation's actions get a delivery of each event that they would have had
//! if the automation had been on, as it is now. The events are counted first, then sent in steps that
//! report their progress.
//!
//! An event has at most one delivery for each action, whoever adds it and however often
//! ([`postrider_storage::MissedStore::add_missed`]): after a crash, the same request again sends the rest.

use std::sync::Arc;
use std::time::Duration;

use postrider_configuration::{AccountEntry, Judging};
use postrider_json::{CompiledConditions, Payload};
use postrider_model::{
    AccountId, Action, ActionId, AuditAction, AuditEntry, Automation, AutomationId, By, EventTypeName,
    Target, Timestamp,
};
use postrider_storage::{
    CountStep, MissedBounds, MissedDelivery, MissedEvent, MissedFilter, NewMissed, Position, StoreError,
    StoreResult, rules,
};
use tokio::sync::watch;

use crate::accept::body_spec;
use crate::bulk::{self, BulkProgress, DeliveryCount};
use crate::engine::Engine;
use crate::replay::ReplayRunning;

/// Most events of one step of a count without conditions: they take a few hundred kilobytes.
const COUNTED_MAX: usize = 2_000;

/// About how many bytes of `data` one step reads to judge conditions.
const STEP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Which events of an account to send to an automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedEvents {
    /// The automation that missed them.
    pub automation: AutomationId,
    /// Accepted at this time or later.
    pub after: Timestamp,
    /// Accepted before this time; before the request, if it is later or `None`.
    pub before: Option<Timestamp>,
    /// Of this type.
    pub event_type: Option<EventTypeName>,
}

/// Why missed events are not sent, or not all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendMissedError {
    /// Another request of this kind, or a replay, is running for the account on this node.
    #[error(transparent)]
    Running(#[from] ReplayRunning),
    /// The account has no such automation.
    #[error("the account has no such automation")]
    Missing,
    /// The automation or each of its actions is off.
    #[error("the automation has no action that is on")]
    Off,
    /// The store failed; the deliveries added so far stay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Sends the events to the automation's actions that have no delivery of them. Returns the number of
    /// events. It runs to its end even if the caller stops waiting.
    pub async fn send_missed(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        missed: MissedEvents,
    ) -> Result<u64, SendMissedError> {
        let progress = self.send_missed_with_progress(by, account, missed).await?;
        Ok(bulk::ended(progress).await?)
    }

    /// Like [`Self::send_missed`], and reports its progress, in events, after each step. It runs to its end
    /// even if nobody listens. If the engine stops, or the automation is switched off, it ends after the step
    /// under way.
    pub async fn send_missed_with_progress(
        self: &Arc<Self>,
        by: &By,
        account: AccountId,
        missed: MissedEvents,
    ) -> Result<watch::Receiver<BulkProgress>, SendMissedError> {
        let entry = self.configuration().entry(account).await?;
        let entry = entry.ok_or(SendMissedError::Missing)?;
        let name = match Of::the(&entry, missed.automation)? {
            of if of.actions.is_empty() => return Err(SendMissedError::Off),
            of => of.automation.name.clone(),
        };
        let running = self.replays().begin(account).ok_or(ReplayRunning)?;
        let id = self.ids().audit(self.clock().now());
        let target = Target::named(missed.automation, name);
        let audit = by
            .did(id, AuditAction::AutomationMissedSent, Some(account), target)
            .with_details(Some(rules::audit::missed(
                missed.after,
                missed.before,
                missed.event_type.as_ref(),
            )));
        Ok(bulk::start_bulk(self, running, |engine, progress| async move {
            engine.send_all(account, &missed, audit, &progress).await
        }))
    }

    /// Counts the events that [`Self::send_missed`] would send now, for about `time` at most.
    pub async fn count_missed(
        &self,
        account: AccountId,
        missed: &MissedEvents,
        time: Duration,
    ) -> Result<DeliveryCount, SendMissedError> {
        let began_at = self.clock().now();
        bulk::count(&**self.clock(), time, |after| async move {
            let entry = self.configuration().entry(account).await?;
            let entry = entry.ok_or(SendMissedError::Missing)?;
            let of = Of::the(&entry, missed.automation)?;
            if of.actions.is_empty() {
                return Err(SendMissedError::Off);
            }
            let found = self
                .find(account, &of, missed, began_at, COUNTED_MAX, after)
                .await?;
            Ok(CountStep {
                matching: found.new.len(),
                next: found.next,
            })
        })
        .await
    }

    async fn send_all(
        &self,
        account: AccountId,
        missed: &MissedEvents,
        audit: AuditEntry,
        sender: &watch::Sender<BulkProgress>,
    ) -> StoreResult<()> {
        let began_at = self.clock().now();
        let mut after = None;
        // The first step that adds deliveries writes it.
        let mut audit = Some(audit);
        loop {
            // Each step follows the automation as it is then.
            let entry = self.configuration().entry(account).await?;
            let Some(of) = entry
                .as_ref()
                .and_then(|entry| Of::the(entry, missed.automation).ok())
            else {
                return Ok(());
            };
            if of.actions.is_empty() {
                return Ok(());
            }
            let events = (rules::replay::STEP_DELIVERIES_MAX / of.actions.len()).max(1);
            let found = self.find(account, &of, missed, began_at, events, after).await?;
            if !found.new.is_empty() {
                let store = self.store();
                let added = store
                    .add_missed(account, found.new, began_at, audit.clone())
                    .await?;
                if added > 0 {
                    audit = None;
                    sender.send_modify(|progress| progress.done += added as u64);
                    let actions: Vec<ActionId> = of.actions.iter().map(|action| action.id).collect();
                    self.now_due(account, &actions, began_at);
                }
            }
            match found.next {
                None => return Ok(()),
                Some(_) if self.is_stopping() => return Err(bulk::stopping()),
                next => after = next,
            }
        }
    }

    /// One step: the events that the automation missed.
    async fn find(
        &self,
        account: AccountId,
        of: &Of<'_>,
        missed: &MissedEvents,
        began_at: Timestamp,
        events: usize,
        after: Option<Position>,
    ) -> StoreResult<Found> {
        let filter = MissedFilter {
            actions: of.actions.iter().map(|action| action.id).collect(),
            patterns: of.automation.trigger.event_types.clone(),
            event_type: missed.event_type.clone(),
            after: missed.after,
            before: missed.before.map_or(began_at, |before| before.min(began_at)),
        };
        let bounds = MissedBounds {
            events,
            data_bytes: of.conditions.map(|_| STEP_BYTES_MAX),
        };
        let step = self.store().missed_step(account, &filter, bounds, after).await?;
        let mut new = Vec::with_capacity(step.events.len());
        for event in step.events {
            if of.conditions.is_some() {
                // Conditions that are built to be slow take 20 ms an event.
                tokio::task::yield_now().await;
            }
            if of.holds(&event) {
                new.push(of.new_missed(&event));
            }
        }
        Ok(Found { new, next: step.next })
    }
}

/// What a step found.
struct Found {
    new: Vec<NewMissed>,
    next: Option<Position>,
}

/// An automation, as it is now.
struct Of<'a> {
    entry: &'a AccountEntry,
    automation: &'a Automation,
    conditions: Option<&'a CompiledConditions>,
    /// Its actions that are on; none if it is off.
    actions: Vec<&'a Action>,
}

impl<'a> Of<'a> {
    fn the(entry: &'a AccountEntry, id: AutomationId) -> Result<Self, SendMissedError> {
        let found = entry.automation_with_conditions(id);
        let (automation, conditions) = found.ok_or(SendMissedError::Missing)?;
        let actions = automation.actions.iter();
        Ok(Self {
            entry,
            automation,
            conditions,
            actions: actions
                .filter(|action| automation.enabled && action.enabled)
                .collect(),
        })
    }

    /// Whether the data meets the automation's conditions.
    fn holds(&self, event: &MissedEvent) -> bool {
        if self.conditions.is_none() {
            return true;
        }
        // Data that acceptance has read can be read again.
        Payload::read(&event.data).is_ok_and(|payload| Judging::new(&payload).hold(self.conditions))
    }

    fn new_missed(&self, event: &MissedEvent) -> NewMissed {
        let lacking = self
            .actions
            .iter()
            .filter(|action| event.lacking.contains(&action.id));
        NewMissed {
            event: event.id,
            created_at: event.created_at,
            deliveries: lacking
                .map(|action| MissedDelivery {
                    automation: self.automation.id,
                    action: action.id,
                    body: body_spec(self.entry, action),
                })
                .collect(),
        }
    }
}
