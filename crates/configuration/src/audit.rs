//! What entries of the audit trail show of accounts and automations: what the API shows, without secrets.

use std::collections::HashSet;

use postrider_model::custom_header::CustomHeader;
use postrider_model::{
    Account, AccountId, Action, AuditAction, AuditEntry, Automation, By, Does, SecretQuery, SendWebhook,
    SigningKey, Target, WebhookBody, WebhookSignature,
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
        shown: &serde_json::Value,
    ) -> AuditEntry {
        self.did(by, AuditAction::SigningKeyRotated, account, Target::of(key.id))
            .with_details(Some(details(shown)))
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

/// Shortest word of a secret that is looked for in other values, in bytes. Shorter ones occur by chance.
const WORD_BYTES_MIN: usize = 6;

/// What is a secret in one of the states of a change. It is masked in all of them and in every action: what
/// becomes a secret with a change must not be in its entry, wherever it was before.
#[derive(Default)]
struct Secrets {
    /// Names of headers, in lower case.
    headers: HashSet<String>,
    /// Whether the query of a URL is.
    queries: bool,
    /// The words of all secrets. A value that holds one of them is masked too.
    words: HashSet<String>,
}

impl Secrets {
    fn of<'a>(states: impl Iterator<Item = &'a Automation>) -> Self {
        let mut secrets = Self::default();
        for action in states.flat_map(|automation| &automation.actions) {
            let Does::SendWebhook(webhook) = &action.does else {
                continue;
            };
            for header in webhook.headers.iter().filter(|header| !header.is_plain) {
                secrets.headers.insert(header.name.to_ascii_lowercase());
                secrets.words.extend(words(&header.value).map(str::to_owned));
            }
            if let Some(query) = &webhook.secret_query {
                secrets.queries = true;
                secrets.words.extend(words(query.expose()).map(str::to_owned));
            }
        }
        secrets
    }

    fn are_in(&self, text: &str) -> bool {
        words(text).any(|word| self.words.contains(word))
    }

    fn shown_text(&self, text: &str) -> Shown {
        match self.are_in(text) {
            true => Shown::Secret(text.to_owned()),
            false => Shown::from(text),
        }
    }

    fn shown_header(&self, header: &CustomHeader) -> Shown {
        let is_secret =
            self.headers.contains(&header.name.to_ascii_lowercase()) || self.are_in(&header.value);
        match is_secret {
            true => Shown::Secret(header.value.clone()),
            false => Shown::from(header.value.as_str()),
        }
    }

    /// The members that show the URL, and its query if that is masked.
    fn shown_url(&self, webhook: &SendWebhook) -> Vec<(&'static str, Shown)> {
        let url = webhook.call_url();
        let divided =
            SecretQuery::divide(&url).filter(|(_, query)| self.queries || self.are_in(query.expose()));
        let (url, query) = match divided {
            Some((url, query)) => (url, Some(("query", Shown::Secret(query.expose().to_owned())))),
            None => (url, None),
        };
        [("url", self.shown_text(&url))]
            .into_iter()
            .chain(query)
            .collect()
    }
}

/// The words of a value: `token` and `abc-123` of `token=abc-123`. By words, a customer who saves the largest
/// automation costs milliseconds; to look for each secret in each value would cost seconds.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_.~+%".contains(c);
    text.split(is_between).filter(|word| word.len() >= WORD_BYTES_MIN)
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
        ("uid", Shown::from(automation.uid.as_deref())),
        ("description", secrets.shown_text(&automation.description)),
        // Text, so that no number loses a digit.
        ("metadata", secrets.shown_text(&automation.metadata)),
        ("enabled", Shown::from(automation.enabled)),
        ("event_types", Shown::from(event_types)),
        (
            "conditions",
            Shown::from(automation.trigger.conditions.as_ref().map(ToString::to_string)),
        ),
        (
            "retry_delays_s",
            Shown::from(delays_s(automation.retry_delays.as_ref())),
        ),
        ("actions", Shown::object(actions)),
    ])
}

fn shown_body(body: &WebhookBody, secrets: &Secrets) -> Vec<(&'static str, Shown)> {
    match body {
        WebhookBody::BuiltIn { content, style } => vec![
            ("body", Shown::from(json!(content))),
            ("body_style", Shown::from(json!(style))),
        ],
        WebhookBody::Template(template) => vec![
            ("body", Shown::from("template")),
            ("template", secrets.shown_text(&template.source)),
            ("content_type", Shown::from(template.content_type.as_str())),
        ],
    }
}

/// Which keys sign, and the id of the action's own current key, so that a new one shows.
fn shown_key(signature: &WebhookSignature) -> String {
    match signature.own_keys.first() {
        None => "account".to_owned(),
        Some(key) => format!("own_{} {}", key.secret.algorithm().name(), key.id),
    }
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
            let headers = webhook.headers.iter();
            let headers = headers.map(|header| (header.name.clone(), secrets.shown_header(header)));
            members.push(("type", Shown::from("send_webhook")));
            members.extend(secrets.shown_url(webhook));
            members.extend(shown_body(&webhook.body, secrets));
            members.extend([
                ("secret_query", Shown::from(webhook.secret_query.is_some())),
                ("headers", Shown::object(headers)),
                ("timeout_s", Shown::from(webhook.timeout_s)),
                (
                    "signature_profile",
                    Shown::from(webhook.signature.profile.as_deref()),
                ),
                ("signing_key", Shown::from(shown_key(&webhook.signature))),
                (
                    "connection_id",
                    Shown::from(webhook.connection.map(|id| id.to_string())),
                ),
            ]);
        }
        Does::SendEmail(email) => members.extend([
            ("type", Shown::from("send_email")),
            ("to", secrets.shown_text(email.to.as_str())),
            ("subject", secrets.shown_text(&email.subject)),
            ("text", secrets.shown_text(&email.text)),
        ]),
    }
    Shown::object(members)
}
