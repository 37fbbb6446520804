//! The columns of a chart: for each step of time a stack of parts.

use std::time::Duration;

use postrider_model::Timestamp;

use super::scale::Scale;
use super::{HEIGHT, Series, Step};
use crate::view::number;

/// How much of its step a column fills; the rest is the gap to the next.
const FILLED: f64 = 0.76;

/// The length of a step that is named by its date.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Least height of a part that is not zero, in pixels: one failure among a million must be visible.
const PART_MIN: f64 = 2.0;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Where its step begins, in percent of the width.
    pub x: f64,
    /// How wide the step is.
    pub width: f64,
    /// Where the parts begin.
    pub part_x: f64,
    /// How wide they are.
    pub part_width: f64,
    /// Its parts from the bottom up, without those of zero.
    pub parts: Vec<Part>,
    /// All values, in words.
    pub title: String,
}

/// A part of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which of the series.
    pub series: usize,
    /// Its upper edge, in pixels from the top.
    pub y: f64,
    /// Its height, in pixels.
    pub height: f64,
}

/// All columns.
pub fn columns(steps: &[Step], length: Duration, series: &[Series], scale: Scale) -> Vec<Column> {
    let width = 100.0 / steps.len().max(1) as f64;
    let column = |(index, step): (usize, &Step)| {
        let x = width * index as f64;
        Column {
            x,
            width,
            part_x: x + width * (1.0 - FILLED) / 2.0,
            part_width: width * FILLED,
            parts: parts(&step.values, scale),
            title: title(step, length, series),
        }
    };
    steps.iter().enumerate().map(column).collect()
}

fn parts(values: &[u64], scale: Scale) -> Vec<Part> {
    let mut bottom = HEIGHT;
    let mut parts = Vec::new();
    for (series, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let height = (scale.share(*value) * HEIGHT).max(PART_MIN);
        // A hundred parts of two pixels are higher than the chart; the stack stays inside it all the same.
        let y = (bottom - height).max(0.0);
        parts.push(Part {
            series,
            y,
            height: bottom - y,
        });
        bottom = y;
    }
    parts
}

/// `24 Nov 15:15 to 15:30 UTC`, and a line for each value.
fn title(step: &Step, length: Duration, series: &[Series]) -> String {
    let mut text = span(step.from, length);
    for (series, value) in series.iter().zip(&step.values) {
        text.push_str(&format!("\n{}: {}", series.name, number::grouped(*value)));
    }
    text
}

/// The span of a step, in UTC: `24 Nov 15:15 to 15:30 UTC`, and `24 Nov (UTC)` for a day.
pub fn span(from: Timestamp, length: Duration) -> String {
    let time = |at: Timestamp, form: &str| {
        jiff::Timestamp::from_millisecond(at.unix_ms())
            .map_or_else(|_| at.to_string(), |time| time.strftime(form).to_string())
    };
    if length == DAY {
        return format!("{} (UTC)", time(from, "%-d %b"));
    }
    let (from, to) = (time(from, "%-d %b %H:%M"), time(from.after(length), "%H:%M"));
    format!("{from} to {to} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_failure_is_visible_beside_a_million_successes() {
        let parts = parts(&[1, 1_000_000], Scale::up_to(1_000_001));
        assert_eq!(parts[0].height, PART_MIN);
        assert_eq!(parts[1].y + parts[1].height, HEIGHT - PART_MIN);
    }

    #[test]
    fn the_parts_of_a_column_are_stacked_and_stay_inside() {
        for values in [vec![5, 0, 5], vec![0, 0, 0], vec![u64::MAX / 2, 1, u64::MAX / 2]] {
            let scale = Scale::up_to(values.iter().sum());
            let mut bottom = HEIGHT;
            for part in parts(&values, scale) {
                assert_eq!(part.y + part.height, bottom, "{values:?}");
                assert!(part.y >= 0.0, "{values:?}");
                bottom = part.y;
            }
        }
    }

    #[test]
    fn a_day_is_named_by_its_date() {
        let day = "2026-11-24T00:00:00Z".parse().unwrap();
        assert_eq!(span(day, DAY), "24 Nov (UTC)");
        assert_eq!(span(day, DAY / 2), "24 Nov 00:00 to 12:00 UTC");
    }

    #[test]
    fn a_column_shows_its_exact_values() {
        let step = Step {
            from: "2026-11-24T15:15:00Z".parse().unwrap(),
            values: vec![1_234],
        };
        let series = [Series {
            name: "Events",
            look: super::super::Look::Solid,
        }];
        let columns = columns(&[step], Duration::from_secs(900), &series, Scale::up_to(1_234));
        assert_eq!(columns[0].title, "24 Nov 15:15 to 15:30 UTC\nEvents: 1,234");
        assert_eq!((columns[0].x, columns[0].width), (0.0, 100.0));
    }
}
