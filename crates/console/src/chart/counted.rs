//! Charts of what was counted: events, and how deliveries ended.

use std::time::Duration;

use postrider_figures::StepCounts;
use postrider_storage::statistics::Counts;

use super::{Chart, Data, Look, Series, Step};
use crate::view::number;

/// Counts over a time.
#[derive(Clone, Copy)]
pub struct Counted<'a> {
    /// Each step, oldest first.
    pub steps: &'a [StepCounts],
    /// The sum of all steps.
    pub totals: &'a Counts,
    /// How long a step is.
    pub length: Duration,
    /// The whole time in words that follow "in the last".
    pub over: &'a str,
}

impl Counted<'_> {
    /// How deliveries ended.
    pub fn deliveries(&self) -> Chart {
        self.deliveries_of("deliveries".to_owned(), "Deliveries".to_owned())
    }

    /// How deliveries ended, in a chart with an id and a title of its own. Failures are at the bottom of the
    /// stack, where one step can be compared with the next.
    pub fn deliveries_of(&self, id: String, title: String) -> Chart {
        let series = |name, look| Series { name, look };
        let names = vec![
            series("Failed", Look::Hatched),
            series("Succeeded", Look::Solid),
            series("Canceled", Look::Hollow),
        ];
        self.chart(id, title, self.deliveries_gist(), names, |counts| {
            vec![counts.failed, counts.succeeded, counts.canceled]
        })
    }

    /// How many events were accepted.
    pub fn events(&self) -> Chart {
        let names = vec![Series {
            name: "Accepted",
            look: Look::Solid,
        }];
        let (id, title) = ("events".to_owned(), "Events".to_owned());
        self.chart(id, title, self.events_gist(), names, |counts| vec![counts.events])
    }

    fn chart(
        &self,
        id: String,
        title: String,
        gist: String,
        series: Vec<Series>,
        values: impl Fn(&Counts) -> Vec<u64>,
    ) -> Chart {
        let step = |step: &StepCounts| Step {
            from: step.at,
            values: values(&step.counts),
        };
        Chart::new(Data {
            id,
            title,
            gist,
            series,
            steps: self.steps.iter().map(step).collect(),
            length: self.length,
        })
    }

    fn deliveries_gist(&self) -> String {
        let (over, totals) = (self.over, self.totals);
        let finished = totals.succeeded + totals.failed + totals.canceled;
        let worst = self.steps.iter().max_by_key(|step| step.counts.failed);
        match worst.filter(|worst| worst.counts.failed > 0) {
            _ if finished == 0 => format!("No delivery finished in the last {over}."),
            None => format!(
                "{} finished in the last {over}, none failed.",
                number::counted(finished, "delivery", "deliveries")
            ),
            Some(worst) => format!(
                "{} finished in the last {over}, {} of them failed. Failures peaked at {} on {}.",
                number::counted(finished, "delivery", "deliveries"),
                number::grouped(totals.failed),
                number::grouped(worst.counts.failed),
                super::span(worst.at, self.length),
            ),
        }
    }

    fn events_gist(&self) -> String {
        let over = self.over;
        let busiest = self.steps.iter().max_by_key(|step| step.counts.events);
        match busiest.filter(|busiest| busiest.counts.events > 0) {
            None => format!("No event was accepted in the last {over}."),
            Some(busiest) => format!(
                "{} accepted in the last {over}. The peak was {} on {}.",
                number::counted(self.totals.events, "event was", "events were"),
                number::grouped(busiest.counts.events),
                super::span(busiest.at, self.length),
            ),
        }
    }
}
