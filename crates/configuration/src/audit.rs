//! What entries of the audit trail show of accounts and automations: what the API shows, without secrets.

use std::collections::HashSet;

use postrider_model::{
    Account, AccountId, Action, AuditAction, AuditEntry, Automation, By, Does, SecretQuery, SigningKey,
    Target,
};
use postrider_storage::rules::audit::{Shown, changes, details};
use serde_json::json;

use super::schedule::delays_s;
use crate::Configuration;

impl Configuration {
    /// The entry that says that `by` did this in an account.
    pub(crate) fn did(&self, by: &By, action: AuditAction, account: AccountId, target: Target) -> AuditEntry {
        by.did(self.ids.audit(self.clock.now()), action, Some(account), target)
    }

    /// The entry of a change of an automation. `before` is `None` for a new one, `after` for a deleted one.
    pub(crate) fn automation_changed(
        &self,
        by: &By,
        account: AccountId,
        before: Option<&Automation>,
        after: Option<&Automation>,
    ) -> AuditEntry {
        let action = match (before, after) {
            (None, _) => AuditAction::AutomationCreated,
            (Some(_), Some(_)) => AuditAction::AutomationUpdated,
            (Some(_), None) => AuditAction::AutomationDeleted,
        };
        let secrets = Secrets::of(before.into_iter().chain(after));
        let target = after.or(before).map_or_else(Target::default, |automation| {
            Target::named(automation.id, &automation.name)
        });
        self.did(by, action, account, target).with_details(changes(
            before.map(|automation| shown_automation(automation, &secrets)),
            after.map(|automation| shown_automation(automation, &secrets)),
        ))
    }

    /// The entry of a change of an account. `before` is `None` for a new one, `after` for a deleted one.
    pub(crate) fn account_changed(
        &self,
        by: &By,
        account: AccountId,
        before: Option<&Account>,
        after: Option<&Account>,
    ) -> AuditEntry {
        let action = match (before, after) {
            (Some(_), Some(_)) => AuditAction::AccountUpdated,
            (None, Some(_)) => AuditAction::AccountCreated,
            (_, None) => AuditAction::AccountDeleted,
        };
        let name = after.or(before).map(|found| found.name.clone());
        let target = Target {
            name,
            ..Target::of(account)
        };
        self.did(by, action, account, target)
            .with_details(changes(before.map(shown_account), after.map(shown_account)))
    }

    /// The entry of a rotation of the signing key.
    pub(crate) fn signing_key_rotated(
        &self,
        by: &By,
        account: AccountId,
        key: &SigningKey,
        overlap_s: u64,
    ) -> AuditEntry {
        self.did(by, AuditAction::SigningKeyRotated, account, Target::of(key.id))
            .with_details(Some(details(&json!({ "overlap_s": overlap_s }))))
    }
}

/// Metadata is text, so that no number loses a digit.
fn shown_account(account: &Account) -> Shown {
    Shown::object([
        ("name", Shown::from(account.name.as_str())),
        ("uid", Shown::from(account.uid.as_deref())),
        ("metadata", Shown::from(account.metadata.as_str())),
        (
            "retry_delays_s",
            Shown::from(delays_s(account.retry_delays.as_ref())),
        ),
    ])
}

/// What is a secret in one of the states of a change. It is masked in all of them and in every action: what
/// becomes a secret with a change must not be in its entry, wherever it was before.
struct Secrets {
    /// Names of headers, in lower case.
    headers: HashSet<String>,
    /// Whether the query of a URL is.
    queries: bool,
}

impl Secrets {
    fn of<'a>(states: impl Iterator<Item = &'a Automation>) -> Self {
        let mut secrets = Self {
            headers: HashSet::new(),
            queries: false,
        };
        for action in states.flat_map(|automation| &automation.actions) {
            let Does::SendWebhook(webhook) = &action.does;
            let headers = webhook.headers.iter().filter(|header| !header.is_plain);
            let names = headers.map(|header| header.name.to_ascii_lowercase());
            secrets.headers.extend(names);
            secrets.queries |= webhook.secret_query.is_some();
        }
        secrets
    }
}

/// Actions are by id, so that a change of one shows that one.
fn shown_automation(automation: &Automation, secrets: &Secrets) -> Shown {
    let event_types: Vec<_> = automation
        .trigger
        .event_types
        .iter()
        .map(ToString::to_string)
        .collect();
    let actions = automation
        .actions
        .iter()
        .map(|action| (action.id.to_string(), shown_action(action, secrets)));
    Shown::object([
        ("name", Shown::from(automation.name.as_str())),
        ("enabled", Shown::from(automation.enabled)),
        ("event_types", Shown::from(event_types)),
        (
            "retry_delays_s",
            Shown::from(delays_s(automation.retry_delays.as_ref())),
        ),
        ("actions", Shown::object(actions)),
    ])
}

fn shown_action(action: &Action, secrets: &Secrets) -> Shown {
    let rate_limit = action
        .rate_limit
        .map(|limit| json!({ "requests": limit.requests(), "per_s": limit.per_s() }));
    let mut members = vec![
        ("enabled", Shown::from(action.enabled)),
        (
            "disabled_reason",
            Shown::from(action.disabled_reason.map(|reason| reason.as_str())),
        ),
        ("rate_limit", Shown::from(rate_limit)),
    ];
    match &action.does {
        Does::SendWebhook(webhook) => {
            let headers = webhook.headers.iter().map(|header| {
                let is_secret = secrets.headers.contains(&header.name.to_ascii_lowercase());
                let value = match is_secret {
                    true => Shown::Secret(header.value.clone()),
                    false => Shown::from(header.value.as_str()),
                };
                (header.name.clone(), value)
            });
            let (url, query) = match SecretQuery::divide(&webhook.call_url()).filter(|_| secrets.queries) {
                Some((url, query)) => (url, Shown::Secret(query.expose().to_owned())),
                None => (webhook.url.clone(), Shown::from(None::<&str>)),
            };
            members.extend([
                ("type", Shown::from("send_webhook")),
                ("url", Shown::from(url)),
                ("secret_query", Shown::from(webhook.secret_query.is_some())),
                ("body", Shown::from(json!(webhook.content))),
                ("body_style", Shown::from(json!(webhook.style))),
                ("headers", Shown::object(headers)),
                ("timeout_s", Shown::from(webhook.timeout_s)),
            ]);
            if secrets.queries {
                members.push(("query", query));
            }
        }
    }
    Shown::object(members)
}
