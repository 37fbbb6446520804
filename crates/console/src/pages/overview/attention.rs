//! The URLs that are failing, or that Postrider disabled, over all accounts.

use postrider_model::health::Health;
use postrider_model::{ActionId, Timestamp};
use postrider_storage::UnhealthyAction;

use super::failing::Named;
use crate::refusal::Refusal;
use crate::state::App;
use crate::view::action;
use crate::view::status::Badge;
use crate::view::time::Moment;

/// How many are shown; the sentence below the table says so.
pub const SHOWN_MAX: usize = 20;

/// A row of the table.
pub struct AttentionRow {
    /// Failing or disabled.
    pub badge: Badge,
    /// Since when.
    pub since: Moment,
    /// Why it is disabled, in words; empty if it is failing.
    pub reason: &'static str,
    /// Where it goes.
    pub target: String,
    /// The account.
    pub account: Named,
    /// The automation.
    pub automation: Named,
    /// A link to the failed deliveries.
    pub deliveries: String,
}

/// The rows, newest trouble first. An action that a person has edited meanwhile, so that neither is true, is
/// left out.
pub async fn rows(app: &App, now: Timestamp) -> Result<Vec<AttentionRow>, Refusal> {
    let mut rows = Vec::new();
    for one in app.figures.unhealthy_actions(SHOWN_MAX).await? {
        rows.extend(row(app, &one, now).await?);
    }
    Ok(rows)
}

async fn row(app: &App, one: &UnhealthyAction, now: Timestamp) -> Result<Option<AttentionRow>, Refusal> {
    let Some(entry) = app.configuration.entry(one.account).await? else {
        return Ok(None);
    };
    let Some((automation, action)) = entry.action(one.action) else {
        return Ok(None);
    };
    let health = Health::of(action, one.health);
    let (since, reason) = match (health, one.health.disabled_at) {
        (Health::Failing { since }, _) if automation.enabled => (since, ""),
        (Health::Disabled { reason: Some(reason) }, Some(at)) => (at, reason.message()),
        _ => return Ok(None),
    };
    let base = format!("/accounts/{}", one.account);
    Ok(Some(AttentionRow {
        badge: Badge::of_health(health),
        since: Moment::new(since, now),
        reason,
        target: action::target(action).to_owned(),
        account: Named {
            name: entry.config.account.name.clone(),
            href: format!("{base}/automations"),
        },
        automation: Named {
            name: automation.name.clone(),
            href: format!("{base}/automations/{}", automation.id),
        },
        deliveries: failed(&base, action.id),
    }))
}

fn failed(base: &str, action: ActionId) -> String {
    format!("{base}/deliveries?action={action}&status=failed")
}
