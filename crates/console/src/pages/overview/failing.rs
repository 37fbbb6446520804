//! The URLs that fail most: the names that belong to what was counted.

use postrider_figures::FAILING_MAX;
use postrider_storage::statistics::FailingAction;

use crate::refusal::Refusal;
use crate::state::App;
use crate::view::{action, number};

/// A row of the table.
pub struct FailingRow {
    /// The account; `None` where it was deleted.
    pub account: Option<Named>,
    /// The automation; `None` where it was deleted.
    pub automation: Option<Named>,
    /// The URL; `None` where it was taken out of the automation.
    pub url: Option<String>,
    /// The deliveries that failed, in the record.
    pub deliveries: String,
    /// How many.
    pub failed: String,
    /// Of how many.
    pub of: String,
    /// The share.
    pub share: String,
}

/// Something that has a page.
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
}

/// The rows: names are looked up for [`FAILING_MAX`] of them at most.
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
    let ended = one.failed + one.succeeded;
    Ok(FailingRow {
        account,
        automation,
        url,
        deliveries: format!("{base}/deliveries?action={}&status=failed", key.action),
        failed: number::grouped(one.failed),
        of: number::grouped(ended),
        share: number::percent(one.failed, ended).unwrap_or_default(),
    })
}
