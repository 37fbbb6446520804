//! Automations and their actions.

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::{AccountId, ActionId, Automation, AutomationId, Timestamp};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// What became of a new or changed automation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveAutomation {
    /// It is on disk, as returned (its `version` raised).
    Saved(Automation),
    /// There is no such account, or no such automation in it; nothing was written.
    Missing,
    /// It was changed since the version that the caller started from; nothing was written.
    Stale,
    /// The account has [`postrider_model::automation::AUTOMATIONS_MAX`] already; nothing was written.
    TooMany,
}

/// Automations and their actions.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// Adds an automation. Answers `Saved`, `Missing` (no such account) or `TooMany`.
    async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
    ) -> StoreResult<SaveAutomation>;

    /// The automation, if the account has it.
    async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>>;

    /// The account's automations, newest first.
    async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>>;

    /// Replaces everything but `id` and `created_at` where the stored version still equals
    /// `automation.version`, and raises it by one. Actions missing from `automation.actions` are gone.
    async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
    ) -> StoreResult<SaveAutomation>;

    /// Removes an automation with its actions; its deliveries stay on record. False where there is none.
    async fn delete_automation(&self, account: AccountId, id: AutomationId) -> StoreResult<bool>;

    /// Switches an action off, raising its automation's version. False where there is none, or it was off
    /// already.
    async fn disable_action(
        &self,
        account: AccountId,
        action: ActionId,
        reason: DisabledReason,
        now: Timestamp,
    ) -> StoreResult<bool>;
}
