//! The templates of an account's actions: compiled once, and pinned in the store, so that a delivery can
//! refer to one by its number.
//!
//! A template is pinned when the account is read, not when it is saved: acceptance uses what it read, and so
//! never refers to a template that the store does not have. While an account stays in memory, its templates
//! are pinned again from time to time, because the store removes those that nobody has used for days.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::template::{TemplateHash, TemplateKind, TemplateNumber};
use postrider_model::{AccountId, ActionId, Automation, Clock, Does, Timestamp, WebhookBody};
use postrider_signing::template::Template;
use postrider_storage::{PinTemplate, PinnedTemplate, Store, StoreResult};
use sha2::{Digest as _, Sha256};

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
    pub template: Option<Template>,
    /// The content type of what it produces.
    pub content_type: String,
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
        let with_templates = actions.filter_map(|action| match &action.does {
            Does::SendWebhook(webhook) => match &webhook.body {
                WebhookBody::Template(template) => Some((action.id, template)),
                WebhookBody::BuiltIn { .. } => None,
            },
        });
        let (mut compiled, mut pins) = (Vec::new(), Vec::new());
        for (action, body) in with_templates {
            let template = Template::compile(&body.source, body.kind());
            let template = template.inspect_err(
                |fault| tracing::error!(%account, %action, %fault, "a stored template does not compile"),
            );
            compiled.push((action, template.ok(), body.content_type.clone()));
            pins.push(pin(PinnedTemplate {
                kind: body.kind(),
                source: body.source.clone(),
                content_type: body.content_type.clone(),
            }));
        }
        if pins.is_empty() {
            return Ok(Self::default());
        }
        let numbers = store.pin_templates(account, pins, now).await?;
        let pinned = compiled.into_iter().zip(numbers);
        let by_action = pinned.map(|((action, template, content_type), number)| {
            let pinned = Pinned {
                number,
                template,
                content_type,
            };
            (action, Arc::new(pinned))
        });
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

fn pin(template: PinnedTemplate) -> PinTemplate {
    let hash = hash_of(template.kind, &template.content_type, &template.source);
    PinTemplate { hash, template }
}

/// SHA-256 of the parts, each after its length, so that no two templates have the same text.
fn hash_of(kind: TemplateKind, content_type: &str, source: &str) -> TemplateHash {
    let mut digest = Sha256::new();
    for part in [kind.name(), content_type, source] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    TemplateHash::from_bytes(digest.finalize().into())
}
