//! Not written yet.
#![allow(unused_imports, unused_variables, clippy::todo)]

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::automation::DisabledReason;
use postrider_model::*;
use postrider_storage::*;

use crate::store::PostgresStore;

#[async_trait]
impl AccountStore for PostgresStore {
    async fn create_account(&self, account: Account, key: SigningKey) -> StoreResult<SaveAccount> {
        todo!()
    }
    async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>> {
        todo!()
    }
    async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>> {
        todo!()
    }
    async fn update_account(&self, account: Account) -> StoreResult<SaveAccount> {
        todo!()
    }
    async fn delete_account(&self, account: AccountId) -> StoreResult<bool> {
        todo!()
    }
    async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>> {
        todo!()
    }
    async fn rotate_signing_key(
        &self,
        account: AccountId,
        key: SigningKey,
        overlap_until: Timestamp,
    ) -> StoreResult<bool> {
        todo!()
    }
    async fn account_config(&self, account: AccountId) -> StoreResult<Option<AccountConfig>> {
        todo!()
    }
}
