//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl AutomationStore for PostgresStore {
    async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
    ) -> StoreResult<SaveAutomation> {
        todo!()
    }
    async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>> {
        todo!()
    }
    async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>> {
        todo!()
    }
    async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
    ) -> StoreResult<SaveAutomation> {
        todo!()
    }
    async fn delete_automation(&self, account: AccountId, id: AutomationId) -> StoreResult<bool> {
        todo!()
    }
    async fn disable_action(
        &self,
        account: AccountId,
        action: ActionId,
        reason: DisabledReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        todo!()
    }
}
