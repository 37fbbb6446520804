//! Statistics step by step: of the installation, of an account, and of an account's actions.
//!
//! Like the overview, they combine the store's sums with those that this node has not written yet. The sums
//! of an account are read in pages, so that a request holds little memory, and up to a bound, because an
//! account may have many actions.

use std::collections::HashMap;

use postrider_model::{AccountId, AutomationId, Timestamp};
use postrider_storage::StoreResult;
use postrider_storage::statistics::latency::Histogram;
use postrider_storage::statistics::{ActionKey, Counts, Scope};

use crate::Figures;
use crate::period::Period;

/// Most actions of which statistics are returned one by one: with the most steps and measures, a response
/// stays below 6 MB.
pub const ACTIONS_SHOWN_MAX: usize = 20;

/// Most sums of an account that are read for one period: 69 actions that are busy in every hour of 30 days.
/// SQLite reads them in 55 ms (measured with Python's sqlite3).
pub const ACCOUNT_SUMS_MAX: usize = 50_000;

/// Sums in one read of the store.
const PAGE: usize = 2_000;

/// What was counted in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepCounts {
    /// When the step began.
    pub at: Timestamp,
    /// What was counted in it.
    pub counts: Counts,
}

/// Counts over a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Each step of the period, oldest first.
    pub steps: Vec<StepCounts>,
    /// The sum of all steps.
    pub totals: Counts,
}

/// The installation over a period. Events marked `test` and their deliveries are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationStatistics {
    /// What was counted.
    pub series: Series,
    /// The latencies of the deliveries that succeeded in each step.
    pub latencies: Vec<Histogram>,
}

/// An account over a period. Events marked `test` and their deliveries are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatistics {
    /// What was counted of the whole account.
    pub series: Series,
    /// The wanted actions of which something was counted: those with the most deliveries first, at most
    /// [`ACTIONS_SHOWN_MAX`]. Some may have been deleted since.
    pub actions: Vec<(ActionKey, Series)>,
    /// How many further actions there are.
    pub actions_left_out: usize,
}

/// The actions of which statistics are wanted one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedActions {
    /// None.
    None,
    /// Those of one automation.
    OfAutomation(AutomationId),
    /// Those of the account.
    All,
}

/// More than [`ACCOUNT_SUMS_MAX`] sums would have to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this period needs more than 50,000 sums of the account's actions: choose a shorter one")]
pub struct TooManySums;

impl Series {
    fn new(period: &Period) -> Self {
        let counts = Counts::default();
        let steps = period.starts().map(|at| StepCounts { at, counts });
        Self {
            steps: steps.collect(),
            totals: counts,
        }
    }

    fn add(&mut self, index: u32, counts: Counts) {
        let step = usize::try_from(index)
            .ok()
            .and_then(|index| self.steps.get_mut(index));
        if let Some(step) = step {
            step.counts += counts;
            self.totals += counts;
        }
    }
}

impl InstallationStatistics {
    /// The latencies of the whole period.
    pub fn latency(&self) -> Histogram {
        let mut whole = Histogram::new();
        for (bucket, count) in self.latencies.iter().flat_map(Histogram::filled) {
            whole.add(bucket, count);
        }
        whole
    }
}

/// The sums of an account by step; those of actions only where something was counted.
#[derive(Default)]
struct AccountSums {
    steps: HashMap<u32, Counts>,
    actions: HashMap<ActionKey, HashMap<u32, Counts>>,
}

impl AccountSums {
    fn add(&mut self, period: &Period, wanted: WantedActions, at: Timestamp, scope: Scope, counts: Counts) {
        let index = period.index(at);
        *self.steps.entry(index).or_default() += counts;
        let Scope::Action(key) = scope else {
            return;
        };
        let is_wanted = match wanted {
            WantedActions::None => false,
            WantedActions::OfAutomation(automation) => key.automation == automation,
            WantedActions::All => true,
        };
        if is_wanted && deliveries(&counts) + counts.attempts > 0 {
            *self.actions.entry(key).or_default().entry(index).or_default() += counts;
        }
    }

    fn into_statistics(self, period: &Period) -> AccountStatistics {
        let mut series = Series::new(period);
        self.steps
            .into_iter()
            .for_each(|(index, counts)| series.add(index, counts));
        let mut ranked: Vec<_> = self
            .actions
            .into_iter()
            .map(|(key, steps)| {
                let most: u64 = steps.values().map(deliveries).sum();
                (std::cmp::Reverse(most), key, steps)
            })
            .collect();
        ranked.sort_unstable_by_key(|(most, key, _)| (*most, *key));
        let actions_left_out = ranked.len().saturating_sub(ACTIONS_SHOWN_MAX);
        let shown = ranked.into_iter().take(ACTIONS_SHOWN_MAX).map(|(_, key, steps)| {
            let mut series = Series::new(period);
            steps
                .into_iter()
                .for_each(|(index, counts)| series.add(index, counts));
            (key, series)
        });
        AccountStatistics {
            series,
            actions: shown.collect(),
            actions_left_out,
        }
    }
}

impl Figures {
    /// The installation over the period.
    pub async fn statistics(&self, period: &Period) -> StoreResult<InstallationStatistics> {
        let (store, sums) = (&self.store, period.length().sums());
        let wanted = |scope: &Scope| matches!(scope, Scope::Installation);
        // No async closure: the compiler cannot prove that its future is `Send`.
        let read = move || async move {
            tokio::try_join!(
                store.statistics(Scope::Installation, sums, period.span().clone()),
                store.latency_steps(sums, period.span().clone()),
            )
        };
        let ((steps, latency_steps), here) = self.statistics.beside(wanted, read).await?;
        let mut series = Series::new(period);
        let mut latencies = vec![Histogram::new(); series.steps.len()];
        for (at, counts) in steps {
            series.add(period.index(at), counts);
        }
        for (at, step) in latency_steps {
            for (bucket, count) in step.filled() {
                add_latency(&mut latencies, period.index(at), |it| it.add(bucket, count));
            }
        }
        let is_within = |step, at| step == sums && period.span().contains(&at);
        for count in here.counts.iter().filter(|count| is_within(count.step, count.at)) {
            series.add(period.index(count.at), count.counts);
        }
        for it in here.latencies.iter().filter(|it| is_within(it.step, it.at)) {
            add_latency(&mut latencies, period.index(it.at), |step| {
                step.add(it.bucket, it.count);
            });
        }
        Ok(InstallationStatistics { series, latencies })
    }

    /// The account over a period of hours or days.
    pub async fn account_statistics(
        &self,
        account: AccountId,
        period: &Period,
        actions: WantedActions,
    ) -> StoreResult<Result<AccountStatistics, TooManySums>> {
        let wanted = |scope: &Scope| match scope {
            Scope::Installation => false,
            Scope::Account(other) | Scope::Automation(other, _) => *other == account,
            Scope::Action(key) => key.account == account,
        };
        let read = move || self.account_sums(account, period, actions);
        let (stored, here) = self.statistics.beside(wanted, read).await?;
        let Some(mut sums) = stored else {
            return Ok(Err(TooManySums));
        };
        for count in here.counts.iter().filter(|it| period.span().contains(&it.at)) {
            sums.add(period, actions, count.at, count.scope, count.counts);
        }
        Ok(Ok(sums.into_statistics(period)))
    }

    /// The sums that the store has; `None` if they are too many.
    async fn account_sums(
        &self,
        account: AccountId,
        period: &Period,
        actions: WantedActions,
    ) -> StoreResult<Option<AccountSums>> {
        let mut sums = AccountSums::default();
        let mut after = None;
        for _ in 0..ACCOUNT_SUMS_MAX / PAGE {
            let page = self
                .store
                .account_statistics(account, period.span().clone(), after, PAGE)
                .await?;
            for (at, scope, counts) in &page {
                sums.add(period, actions, *at, *scope, *counts);
            }
            if page.len() < PAGE {
                return Ok(Some(sums));
            }
            after = page.last().map(|(at, scope, _)| (*at, *scope));
        }
        Ok(None)
    }
}

fn deliveries(counts: &Counts) -> u64 {
    counts.succeeded + counts.failed + counts.canceled
}

fn add_latency(steps: &mut [Histogram], index: u32, add: impl FnOnce(&mut Histogram)) {
    if let Some(step) = usize::try_from(index).ok().and_then(|index| steps.get_mut(index)) {
        add(step);
    }
}
