//! An action as a row or a choice shows it.

use postrider_model::{Action, Does};

/// The action's target, by which people tell actions apart.
pub fn target(action: &Action) -> &str {
    action.does.target()
}

/// Whether the action sends e-mails.
pub fn is_email(action: &Action) -> bool {
    matches!(action.does, Does::SendEmail(_))
}
