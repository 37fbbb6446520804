//! What entries of the audit trail show of accounts and automations: what the API shows, without secrets.

use postrider_model::{
    Account, AccountId, Action, ActionId, AuditAction, AuditEntry, Automation, By, Does, SecretQuery,
    SigningKey, Target,
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
        let queries = secret_queries(before.into_iter().chain(after));
        let target = after.or(before).map_or_else(Target::default, |automation| {
            Target::named(automation.id, &automation.name)
        });
        self.did(by, action, account, target).with_details(changes(
            before.map(|automation| shown_automation(automation, &queries)),
            after.map(|automation| shown_automation(automation, &queries)),
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

/// The actions whose query is a secret in one of these states. It is then masked in all of them: what becomes
/// a secret with this change must not be in its entry.
fn secret_queries<'a>(states: impl Iterator<Item = &'a Automation>) -> Vec<ActionId> {
    let actions = states.flat_map(|automation| &automation.actions);
    let has_secret = |action: &&Action| match &action.does {
        Does::SendWebhook(webhook) => webhook.secret_query.is_some(),
    };
    actions.filter(has_secret).map(|action| action.id).collect()
}

/// Actions are by id, so that a change of one shows that one.
fn shown_automation(automation: &Automation, secret_queries: &[ActionId]) -> Shown {
    let event_types: Vec<_> = automation
        .trigger
        .event_types
        .iter()
        .map(ToString::to_string)
        .collect();
    let actions = automation
        .actions
        .iter()
        .map(|action| (action.id.to_string(), shown_action(action, secret_queries)));
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

fn shown_action(action: &Action, secret_queries: &[ActionId]) -> Shown {
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
                let value = match header.is_plain {
                    true => Shown::from(header.value.as_str()),
                    false => Shown::Secret(header.value.clone()),
                };
                (header.name.clone(), value)
            });
            let is_secret = secret_queries.contains(&action.id);
            let (url, query) = match SecretQuery::divide(&webhook.call_url()).filter(|_| is_secret) {
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
            if is_secret {
                members.push(("query", query));
            }
        }
    }
    Shown::object(members)
}
