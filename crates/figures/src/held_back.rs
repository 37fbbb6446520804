//! How many events the conditions of automations held back.

use std::collections::HashMap;
use std::time::Duration;

use postrider_model::{AccountId, AutomationId};
use postrider_storage::StoreResult;
use postrider_storage::statistics::{Scope, TimeStep};

use crate::Figures;
use crate::overview::RATES_OVER;

impl Figures {
    /// How many events the conditions of each of the account's automations held back in the last 24 hours,
    /// extended to the beginning of the first hour. Automations that held nothing back are left out.
    pub async fn held_back(&self, account: AccountId) -> StoreResult<HashMap<AutomationId, u64>> {
        let now = self.clock.now();
        let first = TimeStep::Hour.start_of(now.before(RATES_OVER));
        let span = first..now.after(Duration::from_millis(1));
        let wanted = |scope: &Scope| matches!(scope, Scope::Automation(of, _) if *of == account);
        let of_span = &span;
        let read = move || async move { self.store.held_back(account, of_span.clone()).await };
        let (stored, here) = self.statistics.beside(wanted, read).await?;
        let here = here.counts.iter().filter(|count| span.contains(&count.at));
        let here = here.filter_map(|count| match count.scope {
            Scope::Automation(_, automation) => Some((automation, count.counts.held_back)),
            _ => None,
        });
        let mut sums = HashMap::new();
        for (automation, held_back) in stored.into_iter().chain(here) {
            *sums.entry(automation).or_default() += held_back;
        }
        Ok(sums)
    }
}
