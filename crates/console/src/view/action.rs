//! An action as a row or a choice shows it.

use postrider_model::{Action, Does};

/// Where the action sends to, which is what people tell actions apart by.
pub fn target(action: &Action) -> &str {
    match &action.does {
        Does::SendWebhook(webhook) => &webhook.url,
    }
}
