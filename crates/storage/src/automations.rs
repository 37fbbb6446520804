//! Automations and their actions.

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::{AccountId, ActionId, AuditEntry, Automation, AutomationId, ConnectionId};

use crate::deletion::DeleteObject;
use crate::error::StoreResult;
use crate::events::NewEvent;
use crate::page::{Page, PageRequest};
use crate::rules::fan_out::TooManyDeliveries;

/// The result of saving an automation.
#[expect(
    clippy::large_enum_variant,
    reason = "a save is rare and nearly always returns the large variant"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveAutomation {
    /// The automation is on disk, as returned, with its `version` incremented.
    Saved(Automation),
    /// The account does not exist, or has no such automation; nothing was written.
    Missing,
    /// The automation was updated since the version that the caller started from; nothing was written.
    Stale,
    /// Another automation of the account has this `uid`; nothing was written.
    UidTaken,
    /// The account already has [`postrider_model::automation::AUTOMATIONS_MAX`] automations; nothing was
    /// written.
    TooMany,
    /// One event could then trigger more than [`postrider_model::automation::DELIVERIES_PER_EVENT_MAX`]
    /// actions of the account; nothing was written.
    TooManyDeliveries(TooManyDeliveries),
    /// The account has no such connection; nothing was written.
    UnknownConnection(ConnectionId),
}

/// An action that the result of an attempt switches off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisableAction {
    /// The action.
    pub action: ActionId,
    /// Its target ([`postrider_model::Does::target`]) when the reason arose.
    pub target: String,
    /// The reason.
    pub reason: DisabledReason,
}

/// Automations and their actions.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// Adds an automation. Returns `Saved`, `Missing` (no such account), `UidTaken`, `TooMany`,
    /// `TooManyDeliveries` or `UnknownConnection`; of several that apply, the first in this order.
    async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation>;

    /// The automation, if the account has it.
    async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>>;

    /// The automation with this uid, if the account has it.
    async fn automation_of_uid(&self, account: AccountId, uid: &str) -> StoreResult<Option<Automation>>;

    /// The account's automations, newest first.
    async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>>;

    /// Replaces everything but `id` and `created_at` if the stored version still equals `automation.version`,
    /// and increments the version. Actions missing from `automation.actions` are deleted. If it saves, the
    /// same commit stores the events `announced` about it; all their deliveries wait. Returns all but
    /// `TooMany`.
    async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation>;

    /// Removes an automation with its actions; its deliveries stay on record. With a `version`, only if the
    /// stored version equals it.
    async fn delete_automation(
        &self,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject>;
}
