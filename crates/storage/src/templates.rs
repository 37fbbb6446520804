//! Templates that deliveries refer to: pinned, so that each attempt and each resend of a delivery has the
//! same bytes, whatever was edited since.

use async_trait::async_trait;
use postrider_model::template::{PinnedKind, TemplateHash, TemplateNumber};
use postrider_model::{AccountId, Timestamp};

use crate::error::StoreResult;

/// A template as a delivery uses it: what it produces, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedTemplate {
    /// What it produces.
    pub kind: PinnedKind,
    /// The template; of an e-mail, both templates in one text, whose form the store does not know.
    pub source: String,
    /// The content type of what it produces.
    pub content_type: String,
}

/// A template to pin, with the hash of all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinTemplate {
    /// The content address of kind, source and content type.
    pub hash: TemplateHash,
    /// The template.
    pub template: PinnedTemplate,
}

/// Pinned templates.
#[async_trait]
pub trait TemplateStore: Send + Sync {
    /// Stores templates of an account, and notes that they are in use at `now`. Returns the number of each,
    /// in order; the same hash in the same account has the same number for as long as it is kept. Numbers are
    /// not used again.
    async fn pin_templates(
        &self,
        account: AccountId,
        templates: Vec<PinTemplate>,
        now: Timestamp,
    ) -> StoreResult<Vec<TemplateNumber>>;

    /// The template with this number, if it is kept.
    async fn template(&self, number: TemplateNumber) -> StoreResult<Option<PinnedTemplate>>;

    /// Removes templates that were last in use before `before` and that no delivery refers to: at most
    /// `limit`. Returns how many it removed.
    ///
    /// Whoever accepts an event with a pinned template has pinned it after `before`.
    async fn prune_templates(&self, before: Timestamp, limit: usize) -> StoreResult<usize>;
}
