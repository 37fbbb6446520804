//! Figures for pages: the installation over a range of time, and how an account's actions fare.
//!
//! They combine the store's sums with the sums that this node has not written yet, so that a page is up to
//! date at once. What other nodes counted in the last seconds ([`crate::FLUSH_EVERY`]) is missing.

use std::collections::HashMap;
use std::time::Duration;

use postrider_model::{AccountId, ActionId, Timestamp};
use postrider_storage::statistics::latency::Histogram;
use postrider_storage::statistics::{Backlog, Count, Counts, FailingAction, LatencyCount, Scope, TimeStep};
use postrider_storage::{StoreResult, UnhealthyAction};

use crate::Figures;
use crate::by_time::StepCounts;
use crate::statistics::Batch;

/// How many failing actions are shown.
pub const FAILING_MAX: usize = 10;

/// How far [`Figures::action_rates`] looks back, from there to the beginning of the hour.
pub(crate) const RATES_OVER: Duration = Duration::from_secs(24 * 3600);

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// 60 steps of a minute.
    Hour,
    /// 96 steps of 15 minutes.
    Day,
    /// 84 steps of two hours.
    Week,
    /// 60 steps of twelve hours.
    Month,
}

impl Range {
    /// Every range, shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The number of steps.
    pub const fn steps(self) -> usize {
        match self {
            Self::Hour | Self::Month => 60,
            Self::Day => 96,
            Self::Week => 84,
        }
    }

    /// The length of a step.
    pub const fn step(self) -> Duration {
        let minutes = match self {
            Self::Hour => 1,
            Self::Day => 15,
            Self::Week => 2 * 60,
            Self::Month => 12 * 60,
        };
        Duration::from_secs(60 * minutes)
    }

    /// The length of the sums that the steps are made of.
    const fn sums(self) -> TimeStep {
        match self {
            Self::Hour | Self::Day => TimeStep::Minute,
            Self::Week | Self::Month => TimeStep::Hour,
        }
    }

    /// The span of the range, up to the end of the step that contains `now`. Steps begin at multiples of
    /// their length, in UTC.
    fn span(self, now: Timestamp) -> std::ops::Range<Timestamp> {
        let into_step = now.unix_ms().rem_euclid(step_ms(self));
        let last = Timestamp::from_unix_ms(now.unix_ms() - into_step);
        let end = last.after(self.step());
        let length = self.step() * u32::try_from(self.steps()).unwrap_or(u32::MAX);
        end.before(length)..end
    }
}

/// The installation over a range of time. Events marked `test` and their deliveries are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The range.
    pub range: Range,
    /// The steps of the range, oldest first, including those in which nothing happened. The last step is not
    /// over yet.
    pub steps: Vec<StepCounts>,
    /// The sum of all steps.
    pub totals: Counts,
    /// The share of deliveries that failed, of those that failed or succeeded; `None` without any.
    pub failure_rate: Option<f64>,
    /// The p50 latency of the deliveries that succeeded, from acceptance to success, with the error that
    /// [`postrider_storage::statistics::latency`] describes; `None` without any.
    pub latency_p50: Option<Duration>,
    /// The p95 latency of the same deliveries.
    pub latency_p95: Option<Duration>,
    /// The actions with the most failed deliveries, at most [`FAILING_MAX`]. They are counted by whole hours,
    /// including the hour in which the range begins. Some may have been deleted since.
    pub failing: Vec<FailingAction>,
    /// The pending deliveries on all nodes.
    pub backlog: Backlog,
}

/// How an action's deliveries ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// Deliveries that succeeded.
    pub succeeded: u64,
    /// Deliveries that failed.
    pub failed: u64,
}

/// What the store has for an overview.
struct Stored {
    steps: Vec<(Timestamp, Counts)>,
    latencies: Histogram,
    failing: Vec<FailingAction>,
}

impl Figures {
    /// The installation over a range that ends now.
    pub async fn overview(&self, range: Range) -> StoreResult<Overview> {
        let now = self.clock.now();
        let span = range.span(now);
        let hours = TimeStep::Hour.start_of(span.start)..span.end;
        let (store, sums) = (&self.store, range.sums());
        let wanted = |scope: &Scope| matches!(scope, Scope::Installation | Scope::Action(_));
        // No async closure: the compiler cannot prove that its future is `Send`.
        let (of_span, of_hours) = (&span, &hours);
        let read = move || async move {
            let (steps, latencies, failing) = tokio::try_join!(
                store.statistics(Scope::Installation, sums, of_span.clone()),
                store.latencies(sums, of_span.clone()),
                store.failing_actions(of_hours.clone(), FAILING_MAX),
            )?;
            Ok(Stored {
                steps,
                latencies,
                failing,
            })
        };
        let (stored, here) = self.statistics.beside(wanted, read).await?;
        let backlog = store.backlog(now).await?;
        let steps = steps(range, &span, stored.steps, &here.counts);
        let latencies = latencies(sums, &span, stored.latencies, &here.latencies);
        let mut totals = Counts::default();
        for step in &steps {
            totals += step.counts;
        }
        let judged = totals.failed + totals.succeeded;
        Ok(Overview {
            range,
            steps,
            totals,
            failure_rate: (judged > 0).then(|| totals.failed as f64 / judged as f64),
            latency_p50: latencies.percentile(0.5),
            latency_p95: latencies.percentile(0.95),
            failing: failing(&hours, stored.failing, &here.counts),
            backlog,
        })
    }

    /// The actions that are failing, or that Postrider switched off: at most `limit`, newest trouble first.
    pub async fn unhealthy_actions(&self, limit: usize) -> StoreResult<Vec<UnhealthyAction>> {
        self.store.unhealthy_actions(limit).await
    }

    /// How the deliveries of the account's actions ended in the last 24 hours, extended to the beginning of
    /// the first hour. Actions without such deliveries are left out.
    pub async fn action_rates(&self, account: AccountId) -> StoreResult<HashMap<ActionId, Rate>> {
        let now = self.clock.now();
        let hour = TimeStep::Hour;
        let first = hour.start_of(now.before(RATES_OVER));
        let span = first..now.after(Duration::from_millis(1));
        let wanted = |scope: &Scope| matches!(scope, Scope::Action(key) if key.account == account);
        let of_span = &span;
        let read = move || async move { self.store.action_statistics(account, of_span.clone()).await };
        let (stored, here) = self.statistics.beside(wanted, read).await?;
        let stored = stored.into_iter().map(|(key, counts)| (key.action, counts));
        let mut rates = HashMap::<_, Rate>::new();
        for (action, counts) in stored.chain(of_actions(&span, &here)) {
            if counts.succeeded + counts.failed > 0 {
                let rate = rates.entry(action).or_default();
                rate.succeeded += counts.succeeded;
                rate.failed += counts.failed;
            }
        }
        Ok(rates)
    }
}

fn step_ms(range: Range) -> i64 {
    i64::try_from(range.step().as_millis()).unwrap_or(i64::MAX)
}

fn of_actions<'a>(
    span: &'a std::ops::Range<Timestamp>,
    here: &'a Batch,
) -> impl Iterator<Item = (ActionId, Counts)> + 'a {
    let counts = here.counts.iter().filter(|count| span.contains(&count.at));
    counts.filter_map(|count| match count.scope {
        Scope::Action(key) => Some((key.action, count.counts)),
        Scope::Installation | Scope::Account(_) | Scope::Automation(..) => None,
    })
}

/// All steps of the range, each with the sums that fall into it.
fn steps(
    range: Range,
    span: &std::ops::Range<Timestamp>,
    stored: Vec<(Timestamp, Counts)>,
    here: &[Count],
) -> Vec<StepCounts> {
    let mut at = span.start;
    let mut steps = Vec::with_capacity(range.steps());
    while at < span.end {
        let counts = Counts::default();
        steps.push(StepCounts { at, counts });
        at = at.after(range.step());
    }
    let here = here
        .iter()
        .filter(|count| count.scope == Scope::Installation && count.step == range.sums())
        .map(|count| (count.at, count.counts));
    for (at, counts) in stored.into_iter().chain(here) {
        let into_span = at.unix_ms() - span.start.unix_ms();
        let step = usize::try_from(into_span.div_euclid(step_ms(range)));
        if let Some(step) = step.ok().and_then(|index| steps.get_mut(index)) {
            step.counts += counts;
        }
    }
    steps
}

fn latencies(
    sums: TimeStep,
    span: &std::ops::Range<Timestamp>,
    mut stored: Histogram,
    here: &[LatencyCount],
) -> Histogram {
    let of_range = here
        .iter()
        .filter(|latency| latency.step == sums && span.contains(&latency.at));
    for latency in of_range {
        stored.add(latency.bucket, latency.count);
    }
    stored
}

/// Adds the sums that are still here to the failing actions that the store returned. Of an action that the
/// store did not return, only the sums here are known: it may rank too low until they reach the store.
fn failing(
    hours: &std::ops::Range<Timestamp>,
    mut failing: Vec<FailingAction>,
    here: &[Count],
) -> Vec<FailingAction> {
    let mut indices: HashMap<_, _> = failing.iter().map(|action| action.key).zip(0..).collect();
    for count in here.iter().filter(|count| hours.contains(&count.at)) {
        let Scope::Action(key) = count.scope else {
            continue;
        };
        let index = *indices.entry(key).or_insert(failing.len());
        if index == failing.len() {
            failing.push(FailingAction {
                key,
                failed: 0,
                succeeded: 0,
            });
        }
        failing[index].failed += count.counts.failed;
        failing[index].succeeded += count.counts.succeeded;
    }
    failing.retain(|action| action.failed > 0);
    failing.sort_by_key(|action| (std::cmp::Reverse(action.failed), action.key));
    failing.truncate(FAILING_MAX);
    failing
}
