//! The templates of an account's actions: compiled once, and pinned in the store, so that a delivery can
//! refer to one by its number.
//!
//! A template is pinned when the account is read, not when it is saved: acceptance uses what it read, and so
//! never refers to a template that the store does not have. While an account stays in memory, its templates
//! are pinned again from time to time, because the store removes those that nobody has used for days.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::template::{PinnedKind, TemplateHash, TemplateKind, TemplateNumber};
use postrider_model::{AccountId, ActionId, Automation, BodyTemplate, Clock, Does, Timestamp, WebhookBody};
use postrider_signing::template::Template;
use postrider_storage::{PinTemplate, PinnedTemplate, Store, StoreResult};
use sha2::{Digest as _, Sha256};

use crate::email_template::{self, EmailTemplate};

/// How long an account with templates may stay in memory before they are pinned again.
pub(crate) const PINNED_FOR: Duration = Duration::from_secs(12 * 3_600);

/// How long the store keeps a template that was not pinned and that no delivery refers to: longer than
/// [`PINNED_FOR`] by more than clocks are wrong.
pub const UNUSED_KEPT: Duration = Duration::from_secs(48 * 3_600);

/// A template with its number in the store.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// Its number, to which deliveries refer.
    pub number: TemplateNumber,
    /// The template, compiled; `None` if this version cannot compile it.
    pub template: Option<Compiled>,
    /// The content type of what it produces.
    pub content_type: String,
}

/// A compiled template, by what it produces.
#[derive(Debug, Clone)]
pub enum Compiled {
    /// The body of a webhook.
    Body(Template),
    /// Subject and text of an e-mail.
    Email(EmailTemplate),
}

impl Pinned {
    /// Compiles what the store has under this number. Logs why it cannot, which a change of Postrider's
    /// template language causes.
    pub fn compile(number: TemplateNumber, stored: &PinnedTemplate) -> Self {
        let body = |kind| {
            let template = Template::compile(&stored.source, kind);
            template.map(Compiled::Body).map_err(|fault| fault.to_string())
        };
        let compiled = match stored.kind {
            PinnedKind::Json => body(TemplateKind::Json),
            PinnedKind::Text => body(TemplateKind::Text),
            PinnedKind::Email => EmailTemplate::of_source(&stored.source).map(Compiled::Email),
        };
        let compiled = compiled.inspect_err(
            |fault| tracing::error!(number = number.get(), %fault, "a stored template does not compile"),
        );
        Self {
            number,
            template: compiled.ok(),
            content_type: stored.content_type.clone(),
        }
    }
}

/// The pinned templates of an account, by action.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    by_action: HashMap<ActionId, Arc<Pinned>>,
    /// When they were pinned; `None` if there are none.
    at: Option<Timestamp>,
}

impl Pins {
    /// Pins the templates of these automations.
    pub(crate) async fn of(
        store: &dyn Store,
        account: AccountId,
        automations: &[Automation],
        now: Timestamp,
    ) -> StoreResult<Self> {
        let actions = automations.iter().flat_map(|automation| &automation.actions);
        let templates = actions.filter_map(|action| Some((action.id, template_of(&action.does)?)));
        let (actions, templates): (Vec<_>, Vec<_>) = templates.unzip();
        if templates.is_empty() {
            return Ok(Self::default());
        }
        let pins = templates.iter().cloned().map(pin).collect();
        let numbers = store.pin_templates(account, pins, now).await?;
        let pinned = templates
            .iter()
            .zip(numbers)
            .map(|(template, number)| Arc::new(Pinned::compile(number, template)));
        let by_action = actions.into_iter().zip(pinned);
        Ok(Self {
            by_action: by_action.collect(),
            at: Some(now),
        })
    }

    /// The template of an action.
    pub(crate) fn of_action(&self, action: ActionId) -> Option<&Arc<Pinned>> {
        self.by_action.get(&action)
    }

    /// Whether the templates have to be pinned again.
    pub(crate) fn are_due(&self, clock: &dyn Clock) -> bool {
        // Most accounts have none, and need no look at the clock. A clock that was set back says nothing
        // about how long ago it was.
        self.at.is_some_and(|at| {
            let now = clock.now();
            now < at || at.after(PINNED_FOR) <= now
        })
    }
}

/// What an action pins; `None` if it has no template.
fn template_of(does: &Does) -> Option<PinnedTemplate> {
    match does {
        Does::SendWebhook(webhook) => match &webhook.body {
            WebhookBody::Template(template) => Some(of_body(template)),
            WebhookBody::BuiltIn { .. } => None,
        },
        Does::SendEmail(email) => Some(email_template::pinned(email)),
    }
}

fn of_body(template: &BodyTemplate) -> PinnedTemplate {
    PinnedTemplate {
        kind: match template.kind() {
            TemplateKind::Json => PinnedKind::Json,
            TemplateKind::Text | TemplateKind::HeaderValue => PinnedKind::Text,
        },
        source: template.source.clone(),
        content_type: template.content_type.clone(),
    }
}

fn pin(template: PinnedTemplate) -> PinTemplate {
    let hash = hash_of(template.kind, &template.content_type, &template.source);
    PinTemplate { hash, template }
}

/// SHA-256 of the parts, each after its length, so that no two templates have the same text.
fn hash_of(kind: PinnedKind, content_type: &str, source: &str) -> TemplateHash {
    let mut digest = Sha256::new();
    for part in [kind.name(), content_type, source] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    TemplateHash::from_bytes(digest.finalize().into())
}
