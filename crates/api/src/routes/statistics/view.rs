//! The JSON form of statistics.

use std::time::Duration;

use postrider_figures::{AccountStatistics, InstallationStatistics, Period, Series, StepLength};
use postrider_model::{ActionId, AutomationId, Timestamp};
use postrider_storage::statistics::latency::Histogram;
use postrider_storage::statistics::{ActionKey, Counts};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use super::measure::Measure;
use crate::openapi::shapes::strings;

fn step() -> Schema {
    strings(&StepLength::ALL.map(StepLength::as_str))
        .description(Some("The length of a step."))
        .into()
}

/// The steps of time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsPeriod)]
pub struct PeriodView {
    /// The beginning of the first step.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:00:00.000Z")]
    after: Timestamp,
    /// The end of the last step.
    #[schema(value_type = String, format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Timestamp,
    /// The length of a step.
    #[schema(schema_with = step)]
    step: &'static str,
    /// When this was read. If it is before `before`, the last step is not over yet.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T23:12:00.000Z")]
    as_of: Timestamp,
}

/// What was counted. It has the members that were asked for.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = StatisticsMeasures)]
pub struct MeasuresView {
    /// Events accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 42)]
    events: Option<u64>,
    /// Events that the conditions of an automation held back. An event counts for each such automation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 3)]
    held_back: Option<u64>,
    /// Deliveries that became succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 40)]
    succeeded: Option<u64>,
    /// Deliveries that became failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    failed: Option<u64>,
    /// Deliveries that became canceled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    canceled: Option<u64>,
    /// Attempts made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 44)]
    attempts: Option<u64>,
    /// Attempts that did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 4)]
    attempts_failed: Option<u64>,
    /// Half of the deliveries that succeeded took at most this long, in milliseconds, from acceptance to
    /// success; null if none succeeded. Read from buckets, so it may be off by up to 42 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false, example = 4.4)]
    latency_p50_ms: Option<Option<f64>>,
    /// 95 % of them took at most this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false, example = 87.5)]
    latency_p95_ms: Option<Option<f64>>,
}

/// What was counted in a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsStep)]
pub struct StepView {
    /// When the step began.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:00:00.000Z")]
    at: Timestamp,
    #[serde(flatten)]
    measures: MeasuresView,
}

/// Statistics of the installation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
pub struct InstallationView {
    #[serde(flatten)]
    period: PeriodView,
    /// The whole time.
    totals: MeasuresView,
    /// Each step, oldest first, also those in which nothing happened.
    #[schema(max_items = 1500)]
    data: Vec<StepView>,
}

/// Statistics of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountStatistics)]
pub struct AccountView {
    #[serde(flatten)]
    period: PeriodView,
    /// The whole time.
    totals: MeasuresView,
    /// Each step, oldest first, also those in which nothing happened.
    #[schema(max_items = 1500)]
    data: Vec<StepView>,
    /// With `group_by=action`: the actions that did something, those with the most deliveries first. Some may
    /// have been deleted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 20)]
    actions: Option<Vec<ActionView>>,
    /// With `group_by=action`: how many further actions did something.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    actions_left_out: Option<usize>,
}

/// Statistics of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionStatistics)]
pub struct ActionView {
    /// The action's id.
    #[schema(value_type = String, example = "act_01h455vb4pex5vsknk084sn02q")]
    action_id: ActionId,
    /// The automation's id.
    #[schema(value_type = String, example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: AutomationId,
    /// The whole time.
    totals: MeasuresView,
    /// Each step, oldest first.
    #[schema(max_items = 1500)]
    data: Vec<StepView>,
}

impl PeriodView {
    fn of(period: &Period) -> Self {
        Self {
            after: period.span().start,
            before: period.span().end,
            step: period.length().as_str(),
            as_of: period.as_of(),
        }
    }
}

impl MeasuresView {
    fn of(measures: &[Measure], counts: &Counts, latencies: Option<&Histogram>) -> Self {
        let mut view = Self::default();
        let latency = |share| Some(latencies.and_then(|it| it.percentile(share)).map(tenths_ms));
        for measure in measures {
            match measure {
                Measure::Events => view.events = Some(counts.events),
                Measure::HeldBack => view.held_back = Some(counts.held_back),
                Measure::Succeeded => view.succeeded = Some(counts.succeeded),
                Measure::Failed => view.failed = Some(counts.failed),
                Measure::Canceled => view.canceled = Some(counts.canceled),
                Measure::Attempts => view.attempts = Some(counts.attempts),
                Measure::AttemptsFailed => view.attempts_failed = Some(counts.attempts_failed),
                Measure::LatencyP50Ms => view.latency_p50_ms = latency(0.5),
                Measure::LatencyP95Ms => view.latency_p95_ms = latency(0.95),
            }
        }
        view
    }
}

/// Milliseconds with one decimal: the buckets are coarser.
fn tenths_ms(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 10_000.0).round() / 10.0
}

impl InstallationView {
    pub(super) fn of(period: &Period, measures: &[Measure], of: &InstallationStatistics) -> Self {
        let steps = of.series.steps.iter().zip(&of.latencies);
        let data = steps.map(|(step, latencies)| StepView {
            at: step.at,
            measures: MeasuresView::of(measures, &step.counts, Some(latencies)),
        });
        Self {
            period: PeriodView::of(period),
            totals: MeasuresView::of(measures, &of.series.totals, Some(&of.latency())),
            data: data.collect(),
        }
    }
}

impl AccountView {
    pub(super) fn of(
        period: &Period,
        measures: &[Measure],
        of: &AccountStatistics,
        has_actions: bool,
    ) -> Self {
        let action = |(key, series): &(ActionKey, Series)| ActionView {
            action_id: key.action,
            automation_id: key.automation,
            totals: MeasuresView::of(measures, &series.totals, None),
            data: steps(measures, series),
        };
        Self {
            period: PeriodView::of(period),
            totals: MeasuresView::of(measures, &of.series.totals, None),
            data: steps(measures, &of.series),
            actions: has_actions.then(|| of.actions.iter().map(action).collect()),
            actions_left_out: has_actions.then_some(of.actions_left_out),
        }
    }
}

fn steps(measures: &[Measure], series: &Series) -> Vec<StepView> {
    let steps = series.steps.iter().map(|step| StepView {
        at: step.at,
        measures: MeasuresView::of(measures, &step.counts, None),
    });
    steps.collect()
}
