//! Charts of counts over time: SVG columns of stacked parts, drawn by the server.
//!
//! * `counted`: the charts of events and deliveries.
//! * `scale`: from numbers to heights. `axis`: the labels. `columns`: the stacks.
//!
//! Widths are in percent and heights in pixels, without a `viewBox`: a chart fills the available width, while
//! its type stays as large as the page's. The place in the stack, the fill (full, hatched, hollow) and the
//! legend tell what a part means; colour only repeats it. Exact values are in each column's title and in a
//! table.

mod axis;
mod columns;
pub mod counted;
mod scale;

use std::time::Duration;

use askama::Template;
use postrider_model::Timestamp;

use crate::view::{markup, number};
use axis::Label;
use columns::Column;
pub use columns::span;
use scale::Scale;

/// Height of the area for columns, in pixels.
const HEIGHT: f64 = 176.0;

/// The contents of a chart.
pub struct Data {
    /// Its id, unique on the page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The gist, as a sentence.
    pub gist: String,
    /// What is counted, from the bottom of the stack up.
    pub series: Vec<Series>,
    /// The counts, oldest first.
    pub steps: Vec<Step>,
    /// How long each step is.
    pub length: Duration,
}

/// A series of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// Its name in the legend and the table.
    pub name: &'static str,
    /// What its parts look like.
    pub look: Look,
}

/// What parts look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Filled.
    Solid,
    /// Stripes, for what went wrong.
    Hatched,
    /// An outline.
    Hollow,
}

impl Look {
    /// The class in the style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Solid => "solid",
            Self::Hatched => "hatched",
            Self::Hollow => "hollow",
        }
    }

    /// Whether its fill is the chart's pattern.
    fn is_hatched(self) -> bool {
        self == Self::Hatched
    }
}

/// The counts of one step of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When the step began.
    pub from: Timestamp,
    /// A count for each of the series.
    pub values: Vec<u64>,
}

/// A chart.
#[derive(Template)]
#[template(path = "chart/chart.html")]
pub struct Chart {
    id: String,
    title: String,
    gist: String,
    series: Vec<Series>,
    totals: Vec<String>,
    columns: Vec<Column>,
    numbers: Vec<Label>,
    times: Vec<Label>,
    rows: Vec<Row>,
    is_blank: bool,
}

/// A row of the table.
struct Row {
    span: String,
    values: Vec<String>,
}

impl Chart {
    /// A chart of these data.
    pub fn new(data: Data) -> Self {
        let stacked = |step: &Step| {
            step.values
                .iter()
                .fold(0u64, |sum, value| sum.saturating_add(*value))
        };
        let scale = Scale::up_to(data.steps.iter().map(stacked).max().unwrap_or(0));
        let total = |series: usize| {
            let values = data.steps.iter().filter_map(|step| step.values.get(series));
            values.fold(0u64, |sum, value| sum.saturating_add(*value))
        };
        let totals: Vec<u64> = (0..data.series.len()).map(total).collect();
        let times = match (data.steps.first(), data.steps.last()) {
            (Some(first), Some(last)) => axis::times(first.from, last.from.after(data.length)),
            _ => Vec::new(),
        };
        let row = |step: &Step| Row {
            span: span(step.from, data.length),
            values: step.values.iter().map(|value| number::grouped(*value)).collect(),
        };
        Self {
            is_blank: totals.iter().all(|total| *total == 0),
            totals: totals.into_iter().map(number::grouped).collect(),
            columns: columns::columns(&data.steps, data.length, &data.series, scale),
            numbers: axis::numbers(scale),
            times,
            // Newest first: people look for the latest step.
            rows: data.steps.iter().rev().map(row).collect(),
            id: data.id,
            title: data.title,
            gist: data.gist,
            series: data.series,
        }
    }

    /// A share of the width, in percent.
    fn percent(share: &f64) -> String {
        format!("{:.3}%", share * 100.0)
    }

    /// The position of a share of the height, in pixels from the top; on the middle of a pixel, so that lines
    /// are crisp.
    fn height(share: &f64) -> f64 {
        (HEIGHT - share * HEIGHT).round() + 0.5
    }
}

markup!(Chart);

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[[u64; 2]]) -> String {
        let step = |(index, values): (usize, &[u64; 2])| Step {
            from: Timestamp::from_unix_ms(1_795_534_800_000 + 60_000 * index as i64),
            values: values.to_vec(),
        };
        let data = Data {
            id: "test".to_owned(),
            title: "Things".to_owned(),
            gist: "Two <things>.".to_owned(),
            series: vec![
                Series {
                    name: "Failed",
                    look: Look::Hatched,
                },
                Series {
                    name: "Succeeded",
                    look: Look::Solid,
                },
            ],
            steps: values.iter().enumerate().map(step).collect(),
            length: Duration::from_secs(60),
        };
        Chart::new(data).to_string()
    }

    #[test]
    fn every_step_has_its_values_on_hover_and_in_the_table() {
        let html = chart(&[[1, 1_200], [0, 0]]);
        assert_eq!(html.matches("<g class=\"column\">").count(), 2);
        assert!(html.contains("Succeeded: 1,200</title>"), "{html}");
        assert!(html.contains("<td class=\"figure\">1,200</td>"), "{html}");
        let legend = 2;
        assert_eq!(html.matches("<rect class=\"part").count(), legend + 2, "{html}");
    }

    #[test]
    fn a_chart_needs_no_style_attribute_and_escapes_words() {
        let html = chart(&[[1, 2]]);
        assert!(!html.contains("style=") && !html.contains("<things>"), "{html}");
    }

    #[test]
    fn an_empty_chart_says_so() {
        assert!(chart(&[[0, 0]]).contains("No data in this period"));
        assert!(chart(&[]).contains("No data in this period"));
    }
}
