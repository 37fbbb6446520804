//! `GET /accounts/{account}/automations`

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_configuration::is_named_after;
use postrider_figures::Rate;
use postrider_json::Conditions;
use postrider_model::health::Health;
use postrider_model::{ActionId, Automation};

use super::patterns;
use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::status::Badge;
use crate::view::time::Moment;
use crate::view::{action, number};
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "automations/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    name: String,
    /// The beginning of the description.
    description: String,
    is_on: bool,
    /// Whether it is on and can do nothing, because all its actions are off.
    is_idle: bool,
    badge: Badge,
    patterns: Vec<String>,
    /// The conditions in words; empty if there are none.
    only_if: String,
    first_url: String,
    more_urls: usize,
    switched_off: usize,
    /// Since when the action that has been failing for longest has been failing.
    failing_since: Option<Moment>,
    rate: Option<RateWords>,
}

/// The success rate of the last day, in words.
pub struct RateWords {
    /// `99.2 %`
    pub share: String,
    /// The number of deliveries: `1,204`
    pub of: String,
    /// Whether any failed.
    pub has_failed: bool,
}

impl RateWords {
    /// The rate of these counts; `None` if both are 0.
    pub fn new(succeeded: u64, failed: u64) -> Option<Self> {
        let whole = succeeded + failed;
        Some(Self {
            share: number::percent(succeeded, whole)?,
            of: number::grouped(whole),
            has_failed: failed > 0,
        })
    }
}

/// The list.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let rates = app.figures.action_rates(account.id()).await?;
    let stored = &account.entry.config.automations;
    let health = app.configuration.health(account.id(), stored).await?;
    let mut automations: Vec<(&Automation, Vec<Health>)> = stored.iter().zip(health).collect();
    automations.sort_by_key(|(automation, _)| std::cmp::Reverse(automation.created_at));
    let now = app.now();
    let rows = automations.into_iter().map(|(automation, health)| {
        let failing_since = health.into_iter().filter_map(|health| match health {
            Health::Failing { since } => Some(since),
            Health::Healthy | Health::Disabled { .. } => None,
        });
        let failing_since = failing_since.min().map(|since| Moment::new(since, now));
        row(&account, automation, failing_since, &rates)
    });
    page(&ListPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Automations"),
        head: AccountHead::of(&account, Tab::Automations),
        rows: rows.collect(),
    })
}

fn row(
    account: &InAccount,
    automation: &Automation,
    failing_since: Option<Moment>,
    rates: &HashMap<ActionId, Rate>,
) -> Row {
    let actions = &automation.actions;
    let is_idle = automation.enabled && !actions.iter().any(|action| action.enabled);
    // The condition of a notice picks an automation by its id, which the name says better.
    let conditions = automation.trigger.conditions.as_ref();
    let conditions = conditions.filter(|_| !is_named_after(&account.entry, automation));
    let rates = actions.iter().filter_map(|action| rates.get(&action.id));
    let (succeeded, failed) = rates.fold((0, 0), |sum, rate| (sum.0 + rate.succeeded, sum.1 + rate.failed));
    Row {
        href: account.path(&format!("automations/{}", automation.id)),
        name: automation.name.clone(),
        description: beginning(&automation.description),
        is_on: automation.enabled,
        is_idle,
        badge: Badge::of_automation(automation),
        only_if: conditions.map(Conditions::summary).unwrap_or_default(),
        failing_since,
        patterns: patterns(automation),
        first_url: actions
            .first()
            .map(|action| action::target(action).to_owned())
            .unwrap_or_default(),
        more_urls: actions.len().saturating_sub(1),
        switched_off: actions.iter().filter(|action| !action.enabled).count(),
        rate: RateWords::new(succeeded, failed),
    }
}

/// Longest beginning of a description in the list, in characters: two lines of the first column.
const BEGINNING_CHARS_MAX: usize = 80;

/// The first line of a description, shortened.
fn beginning(description: &str) -> String {
    let line = description.lines().next().unwrap_or_default().trim();
    match line.char_indices().nth(BEGINNING_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_the_beginning_of_a_description() {
        assert_eq!(beginning(""), "");
        assert_eq!(beginning(" One line \nand another"), "One line");
        assert_eq!(beginning(&"é".repeat(80)), "é".repeat(80));
        assert_eq!(beginning(&"é".repeat(81)), format!("{}…", "é".repeat(80)));
    }
}
