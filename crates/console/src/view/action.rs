//! An action as a row or a choice shows it.

use postrider_model::{Action, Does};

/// The action's target, by which people tell actions apart.
pub fn target(action: &Action) -> &str {
    match &action.does {
        Does::SendWebhook(webhook) => &webhook.url,
    }
}
