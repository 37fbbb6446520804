//! The times that charts of an account can show.

use postrider_figures::{Figures, Period, Series, StepLength};

use crate::chart::counted::Counted;
use crate::query::Query;
use crate::shell::Link;

/// A time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    name: &'static str,
    /// Its name on a tab, and in words that follow "in the last".
    pub over: &'static str,
    length: StepLength,
    steps: u32,
}

/// Every range. Accounts and actions are counted by the hour.
const RANGES: [Range; 2] = [
    Range {
        name: "day",
        over: "24 hours",
        length: StepLength::Hour,
        steps: 24,
    },
    Range {
        name: "month",
        over: "30 days",
        length: StepLength::Day,
        steps: 30,
    },
];

impl Range {
    /// The range that the address names; otherwise the first.
    pub fn of(query: &Query) -> Self {
        let asked = query.get("range");
        let found = RANGES.into_iter().find(|range| Some(range.name) == asked);
        found.unwrap_or(RANGES[0])
    }

    /// A link to each range of the page at `path`, which jumps to `anchor`.
    pub fn tabs(self, path: &str, anchor: &str) -> Vec<Link> {
        let link = |range: Self| Link {
            href: format!("{path}?range={}{anchor}", range.name),
            label: range.over,
            is_current: range == self,
        };
        RANGES.map(link).to_vec()
    }

    /// Its steps, up to now.
    pub fn period(self, figures: &Figures) -> Period {
        figures.last(self.length, self.steps)
    }

    /// What was counted in it, for charts.
    pub fn counted(self, series: &Series) -> Counted<'_> {
        Counted {
            steps: &series.steps,
            totals: &series.totals,
            length: self.length.duration(),
            over: self.over,
        }
    }
}
