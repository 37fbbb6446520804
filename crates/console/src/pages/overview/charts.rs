//! The charts of the overview.

use postrider_figures::Overview;
use postrider_storage::statistics::Counts;

use crate::chart::{Chart, Data, Look, Series, Step};
use crate::view::number;

/// How deliveries ended. Failures are at the bottom of the stack, where one step can be compared with the
/// next.
pub fn deliveries(overview: &Overview, over: &str) -> Chart {
    let series = |name, look| Series { name, look };
    chart(
        overview,
        "deliveries",
        "Deliveries",
        deliveries_gist(overview, over),
        vec![
            series("Failed", Look::Hatched),
            series("Succeeded", Look::Solid),
            series("Canceled", Look::Hollow),
        ],
        |counts| vec![counts.failed, counts.succeeded, counts.canceled],
    )
}

/// How many events were accepted.
pub fn events(overview: &Overview, over: &str) -> Chart {
    chart(
        overview,
        "events",
        "Events",
        events_gist(overview, over),
        vec![Series {
            name: "Accepted",
            look: Look::Solid,
        }],
        |counts| vec![counts.events],
    )
}

fn chart(
    overview: &Overview,
    id: &'static str,
    title: &'static str,
    gist: String,
    series: Vec<Series>,
    values: impl Fn(&Counts) -> Vec<u64>,
) -> Chart {
    let step = |step: &postrider_figures::OverviewStep| Step {
        from: step.at,
        values: values(&step.counts),
    };
    Chart::new(Data {
        id,
        title,
        gist,
        series,
        steps: overview.steps.iter().map(step).collect(),
        length: overview.range.step(),
    })
}

fn deliveries_gist(overview: &Overview, over: &str) -> String {
    let Counts {
        succeeded,
        failed,
        canceled,
        ..
    } = overview.totals;
    let finished = succeeded + failed + canceled;
    let worst = overview.steps.iter().max_by_key(|step| step.counts.failed);
    match worst.filter(|worst| worst.counts.failed > 0) {
        _ if finished == 0 => format!("No delivery finished in the last {over}."),
        None => format!(
            "{} finished in the last {over}, none failed.",
            number::counted(finished, "delivery", "deliveries")
        ),
        Some(worst) => format!(
            "{} finished in the last {over}, {} of them failed. Failures peaked at {} on {}.",
            number::counted(finished, "delivery", "deliveries"),
            number::grouped(failed),
            number::grouped(worst.counts.failed),
            crate::chart::span(worst.at, overview.range.step()),
        ),
    }
}

fn events_gist(overview: &Overview, over: &str) -> String {
    let busiest = overview.steps.iter().max_by_key(|step| step.counts.events);
    match busiest.filter(|busiest| busiest.counts.events > 0) {
        None => format!("No event was accepted in the last {over}."),
        Some(busiest) => format!(
            "{} accepted in the last {over}. The peak was {} on {}.",
            number::counted(overview.totals.events, "event was", "events were"),
            number::grouped(busiest.counts.events),
            crate::chart::span(busiest.at, overview.range.step()),
        ),
    }
}
