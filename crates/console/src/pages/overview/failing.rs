//! The URLs that fail most, with the names of their accounts and automations.

use postrider_figures::FAILING_MAX;
use postrider_storage::statistics::FailingAction;

use crate::refusal::Refusal;
use crate::state::App;
use crate::view::{action, number};

/// A row of the table.
pub struct FailingRow {
    /// The account; `None` if it was deleted.
    pub account: Option<Named>,
    /// The automation; `None` if it was deleted.
    pub automation: Option<Named>,
    /// The URL; `None` if it was removed from the automation.
    pub url: Option<String>,
    /// A link to the failed deliveries.
    pub deliveries: String,
    /// How many deliveries failed.
    pub failed: String,
    /// How many deliveries succeeded or failed.
    pub of: String,
    /// The share of failures.
    pub share: String,
}

/// Something that has a page.
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
}

/// The rows. At most [`FAILING_MAX`] of them are looked up.
pub async fn rows(app: &App, failing: &[FailingAction]) -> Result<Vec<FailingRow>, Refusal> {
    let mut rows = Vec::new();
    for one in failing.iter().take(FAILING_MAX) {
        rows.push(row(app, one).await?);
    }
    Ok(rows)
}

async fn row(app: &App, one: &FailingAction) -> Result<FailingRow, Refusal> {
    let key = &one.key;
    let base = format!("/accounts/{}", key.account);
    let entry = app.configuration.entry(key.account).await?;
    let account = entry.as_ref().map(|entry| Named {
        name: entry.config.account.name.clone(),
        href: format!("{base}/automations"),
    });
    let automation = entry.as_ref().and_then(|entry| {
        let automation = entry.automation(key.automation)?;
        Some(Named {
            name: automation.name.clone(),
            href: format!("{base}/automations/{}", key.automation),
        })
    });
    let url = entry
        .as_ref()
        .and_then(|entry| Some(action::target(entry.action(key.action)?.1).to_owned()));
    let finished = one.failed + one.succeeded;
    Ok(FailingRow {
        account,
        automation,
        url,
        deliveries: format!("{base}/deliveries?action={}&status=failed", key.action),
        failed: number::grouped(one.failed),
        of: number::grouped(finished),
        share: number::percent(one.failed, finished).unwrap_or_default(),
    })
}
