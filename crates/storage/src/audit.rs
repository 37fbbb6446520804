//! The audit trail: entries that are written, listed and, once they are old, removed, but never changed.
//!
//! The verbs of other areas write entries in their own transactions; [`AuditStore::note_audit`] is for what
//! changes nothing, such as showing a secret.

use async_trait::async_trait;
use postrider_model::{AccountId, AuditAction, AuditEntry, Timestamp};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// The target of the lines of the log that repeat entries of the trail.
pub const AUDIT_LOG: &str = "postrider::audit";

/// Logs an entry that is committed. Without names and details: names may be addresses of people, and the
/// trail keeps both.
pub fn log_audit(entry: &AuditEntry) {
    tracing::info!(
        target: AUDIT_LOG,
        action = entry.action.as_str(),
        account = entry.account.map(|account| account.to_string()),
        actor_kind = entry.actor.kind.as_str(),
        actor_id = entry.actor.id,
        target_id = entry.target.id,
        client = entry.client.map(|client| client.to_string()),
        request_id = entry.request_id,
        "audit"
    );
}

/// Most entries that one page looks at for those that match a filter: reading them takes some milliseconds.
/// A page then ends early.
pub const AUDIT_LOOKED_AT_MAX: usize = 5_000;

/// Which actions a list holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionPattern {
    /// This one.
    Exact(AuditAction),
    /// Those whose name begins with this text, which ends with a dot: `automation.`.
    Under(String),
}

impl ActionPattern {
    /// Reads `automation.updated` or `automation.*`. `None` if no action matches.
    pub fn parse(text: &str) -> Option<Self> {
        let Some(kind) = text.strip_suffix(".*") else {
            let action = AuditAction::stored().find(|action| action.as_str() == text);
            return action.map(Self::Exact);
        };
        let exists = AuditAction::stored().any(|action| action.target_kind() == kind);
        exists.then(|| Self::Under(format!("{kind}.")))
    }

    /// The text that a name has to begin with, and whether it may go on.
    pub fn prefix(&self) -> (&str, bool) {
        match self {
            Self::Exact(action) => (action.as_str(), false),
            Self::Under(prefix) => (prefix, true),
        }
    }
}

/// Which entries to list. An entry must meet all conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of these actions.
    pub action: Option<ActionPattern>,
    /// By the actor with this id.
    pub actor: Option<String>,
    /// Whether `actor` finds no staff: for a reader who must not learn which member of the staff it was.
    pub hides_staff: bool,
    /// On the target with this id.
    pub target: Option<String>,
    /// At this time or later.
    pub after: Option<Timestamp>,
    /// Before this time.
    pub before: Option<Timestamp>,
}

/// The audit trail. Deleting an account keeps its entries.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds entries.
    async fn note_audit(&self, entries: Vec<AuditEntry>) -> StoreResult<()>;

    /// The entries, newest first. A page looks at about [`AUDIT_LOOKED_AT_MAX`] entries at most.
    async fn audit(&self, filter: &AuditFilter, page: PageRequest) -> StoreResult<Page<AuditEntry>>;

    /// Removes entries from before `before`, oldest first and at most `limit`. Returns their number.
    async fn prune_audit(&self, before: Timestamp, limit: usize) -> StoreResult<usize>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_an_action_or_all_of_a_kind() {
        let exact = ActionPattern::parse("automation.updated").unwrap();
        assert_eq!(exact.prefix(), ("automation.updated", false));
        assert_eq!(
            ActionPattern::parse("automation.*").unwrap().prefix(),
            ("automation.", true)
        );
        for text in [
            "",
            "*",
            "automation",
            "automation.",
            "automation.flown",
            "flown.*",
            ".*",
        ] {
            assert_eq!(ActionPattern::parse(text), None, "{text}");
        }
    }
}
