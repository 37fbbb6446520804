//! The contents of the form that creates an API key, as people type and tick them.

use std::time::Duration;

use postrider_access::ApiKeyDraft;
use postrider_configuration::Fault;
use postrider_model::{AccountId, Permission, Timestamp};

use crate::form::Form;

/// The permissions in the order of the form, with what they permit.
pub const CHOICES: [(Permission, &str); 5] = [
    (Permission::EventsWrite, "Post events."),
    (
        Permission::Read,
        "Read lists, records and statistics. No secrets.",
    ),
    (Permission::Resend, "Resend and replay deliveries."),
    (
        Permission::Manage,
        "Change automations, send tests, see and rotate signing keys, create portal links. Includes resend.",
    ),
    (
        Permission::Admin,
        "Administer accounts, event types, API keys and sessions. For all accounts only.",
    ),
];

/// The lifetimes of the form: value, label, seconds. The first one never ends.
pub const LIFETIMES: [(&str, &str, Option<u64>); 4] = [
    ("never", "Never", None),
    ("30d", "After 30 days", Some(30 * 86_400)),
    ("90d", "After 90 days", Some(90 * 86_400)),
    ("365d", "After a year", Some(365 * 86_400)),
];

/// The form.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    /// The name.
    pub name: String,
    /// The permissions that are ticked.
    pub permissions: Vec<Permission>,
    /// The account's id or `uid`; empty for all accounts.
    pub account: String,
    /// One of [`LIFETIMES`].
    pub lifetime: String,
}

impl Fields {
    /// The fields of a form.
    pub fn typed(form: &Form) -> Self {
        Self {
            name: form.text("name").trim().to_owned(),
            permissions: form.all("permission").filter_map(Permission::from_name).collect(),
            account: form.text("account").trim().to_owned(),
            lifetime: form.text("lifetime").to_owned(),
        }
    }

    /// Whether a permission is ticked.
    pub fn has(&self, permission: &Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// The draft. `account`: the one that [`Self::account`] names.
    pub fn draft(&self, account: Option<AccountId>, now: Timestamp) -> ApiKeyDraft {
        let lifetime = LIFETIMES.iter().find(|(value, ..)| *value == self.lifetime);
        let lifetime_s = lifetime.and_then(|(_, _, seconds)| *seconds);
        ApiKeyDraft {
            name: self.name.clone(),
            permissions: self.permissions.clone(),
            account,
            expires_at: lifetime_s.map(|seconds| now.after(Duration::from_secs(seconds))),
        }
    }
}

/// The fault of an account that does not exist.
pub fn account_missing() -> Fault {
    Fault {
        pointer: "/account".to_owned(),
        code: "invalid_value",
        detail: "no account has this id or uid".to_owned(),
    }
}
