//! In which accounts an operational event happens, and the event of each.

use std::sync::Arc;

use async_trait::async_trait;
use postrider_configuration::{AccountEntry, Announces};
use postrider_model::{OperationalType, SYSTEM_ACCOUNT};
use postrider_storage::NewEvent;
use serde_json::Value;

use crate::engine::Engine;

/// Makes operational events about an account.
pub(crate) struct Announcer<'a> {
    engine: &'a Engine,
    entry: &'a AccountEntry,
    /// The account `system`, if the events are about another one.
    system: Option<Arc<AccountEntry>>,
}

impl<'a> Announcer<'a> {
    pub(crate) async fn about(engine: &'a Engine, entry: &'a AccountEntry) -> Self {
        let system = system_entry(engine, entry).await;
        Self {
            engine,
            entry,
            system,
        }
    }

    /// The events of this type, with their deliveries, which wait. Asks for `data` if there is an event.
    pub(crate) fn events(&self, event_type: OperationalType, data: impl FnOnce() -> Value) -> Vec<NewEvent> {
        let name = event_type.name();
        // The account keeps a record of what happens to it. All else is stored only where it goes anywhere.
        let is_kept = event_type != OperationalType::DeliveryFailed;
        let own = (self.entry, is_kept);
        let accounts = std::iter::once(own).chain(self.system.as_deref().map(|system| (system, false)));
        let happens =
            |(entry, is_kept): &(&AccountEntry, bool)| *is_kept || entry.matching(&name).next().is_some();
        let accounts: Vec<_> = accounts.filter(happens).collect();
        if accounts.is_empty() {
            return Vec::new();
        }
        let (data, now) = (data(), self.engine.clock().now());
        let events = accounts.into_iter().filter_map(|(entry, is_kept)| {
            let event = self.engine.operational_event(entry, event_type, &data, now);
            // Conditions may hold back what the type matches.
            (is_kept || !event.deliveries.is_empty()).then_some(event)
        });
        events.collect()
    }
}

/// The configuration of the account `system`, if there is one and `entry` is another account.
async fn system_entry(engine: &Engine, entry: &AccountEntry) -> Option<Arc<AccountEntry>> {
    if entry.config.account.id == SYSTEM_ACCOUNT {
        return None;
    }
    match engine.configuration().entry(SYSTEM_ACCOUNT).await {
        Ok(system) => system,
        Err(error) => {
            tracing::warn!(%error, "could not read the automations of the account system");
            None
        }
    }
}

#[async_trait]
impl Announces for Engine {
    async fn operational_events(
        &self,
        entry: &AccountEntry,
        event_type: OperationalType,
        data: Value,
    ) -> Vec<NewEvent> {
        let announcer = Announcer::about(self, entry).await;
        announcer.events(event_type, || data)
    }

    fn stored(&self, events: &[NewEvent]) {
        for new in events {
            let actions: Vec<_> = new.deliveries.iter().map(|delivery| delivery.action).collect();
            self.now_due(new.event.account, &actions, new.event.created_at);
        }
    }
}
