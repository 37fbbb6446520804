//! Stand-ins.
#![expect(missing_docs, reason = "temporary")]
use postrider_engine::Engine;
use postrider_model::{AccountId, ActionId};
use postrider_storage::StoreResult;
use std::collections::HashMap;
#[derive(Clone, Copy)]
pub struct Rate {
    pub succeeded: u64,
    pub failed: u64,
}
#[expect(async_fn_in_trait, reason = "temporary")]
pub trait EngineStub {
    async fn action_rates(&self, _t: AccountId) -> StoreResult<HashMap<ActionId, Rate>> {
        Ok(HashMap::new())
    }
}
impl EngineStub for Engine {}

/// Of `postrider_engine::{ApiKeyName, ShownKey}` and `postrider_storage::RemoveApiKey`.
pub struct ShownKey(String);
impl ShownKey {
    pub fn expose(&self) -> &str {
        &self.0
    }
}
pub struct ApiKeyName(String);
#[derive(Debug)]
pub struct ApiKeyNameError;
impl std::fmt::Display for ApiKeyNameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name has at least one visible character")
    }
}
impl std::str::FromStr for ApiKeyName {
    type Err = ApiKeyNameError;
    fn from_str(text: &str) -> Result<Self, ApiKeyNameError> {
        if text.trim().is_empty() {
            return Err(ApiKeyNameError);
        }
        Ok(Self(text.to_owned()))
    }
}
pub enum RemoveApiKey {
    Removed,
    Missing,
    LastOne,
}
impl ApiKeys {
    pub async fn make(
        &self,
        engine: &Engine,
        name: ApiKeyName,
    ) -> StoreResult<(postrider_model::ApiKey, ShownKey)> {
        let now = engine.clock().now();
        let key = postrider_model::ApiKey {
            id: ApiKeyId::from_u128(now.unix_ms() as u128),
            name: name.0,
            sha256: [3; 32],
            created_at: now,
        };
        engine.store().put_api_key(key.clone()).await?;
        Ok((
            key,
            ShownKey("prk_bm90LWEta2V5LW5vdC1hLWtleS1ub3QtYS1rZXk".to_owned()),
        ))
    }
    pub async fn remove(&self, engine: &Engine, id: ApiKeyId) -> StoreResult<RemoveApiKey> {
        if engine.store().api_keys().await?.len() < 2 {
            return Ok(RemoveApiKey::LastOne);
        }
        Ok(if engine.store().delete_api_key(id).await? {
            RemoveApiKey::Removed
        } else {
            RemoveApiKey::Missing
        })
    }
}
