//! The charts of an automation: how the deliveries of each of its actions ended.

use std::collections::HashMap;

use postrider_figures::{Series, WantedActions};
use postrider_model::{ActionId, Automation};

use crate::chart::Chart;
use crate::pages::statistics::range::Range;
use crate::refusal::Refusal;
use crate::shell::Link;
use crate::state::App;
use crate::view::action;
use crate::visitor::account::InAccount;

/// Most charts on a page: those of the actions with the most deliveries. Each has some 10 KB.
const CHARTS_MAX: usize = 10;

/// The anchor of the charts.
const ANCHOR: &str = "#statistics";

/// The charts, for `automations/charts.html`.
pub struct Charts {
    /// The times to choose from.
    pub tabs: Vec<Link>,
    /// The chosen time, in words that follow "in the last".
    pub over: &'static str,
    /// The charts, in the order of the actions.
    pub charts: Vec<Chart>,
    /// How many further actions had deliveries.
    pub left_out: usize,
    /// Whether there was more than one page may read.
    pub is_too_much: bool,
}

impl Charts {
    /// The charts of an automation over the time that the address names.
    pub async fn of(app: &App, account: &InAccount, automation: &Automation) -> Result<Self, Refusal> {
        let range = Range::of(&account.visitor.query);
        let period = range.period(&app.figures);
        let wanted = WantedActions::OfAutomation(automation.id);
        let found = app
            .figures
            .account_statistics(account.id(), &period, wanted)
            .await?;
        let is_too_much = found.is_err();
        let (series, left_out) = found.map_or_else(
            |_| (Vec::new(), 0),
            |found| (found.actions, found.actions_left_out),
        );
        // Deleted actions have no name any more.
        let is_there = |id: ActionId| automation.actions.iter().any(|action| action.id == id);
        let mut busiest: Vec<(ActionId, Series)> = series
            .into_iter()
            .map(|(key, series)| (key.action, series))
            .filter(|(id, _)| is_there(*id))
            .collect();
        let more = busiest.len().saturating_sub(CHARTS_MAX);
        busiest.truncate(CHARTS_MAX);
        let mut series: HashMap<ActionId, Series> = busiest.into_iter().collect();
        let shown = automation
            .actions
            .iter()
            .filter_map(|action| Some((action, series.remove(&action.id)?)));
        let charts: Vec<Chart> = shown
            .map(|(action, series)| {
                let title = action::target(action).to_owned();
                range
                    .counted(&series)
                    .deliveries_of(format!("chart-{}", action.id), title)
            })
            .collect();
        Ok(Self {
            tabs: range.tabs(&account.path(&format!("automations/{}", automation.id)), ANCHOR),
            over: range.over,
            charts,
            left_out: left_out + more,
            is_too_much,
        })
    }
}
