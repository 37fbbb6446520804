//! Stand-ins.
#![expect(missing_docs, reason = "temporary")]
use postrider_engine::Engine;
use postrider_model::{ApiKeyId, Grant};
use postrider_storage::StoreResult;
pub struct ApiKeys;
impl ApiKeys {
    pub fn admit(&self, _key: &str) -> Option<ApiKeyId> {
        None
    }
}
pub struct ShownToken(String);
impl ShownToken {
    pub fn expose(&self) -> &str {
        &self.0
    }
}
#[expect(async_fn_in_trait, reason = "temporary")]
pub trait EngineStub {
    async fn session(&self, _t: &str) -> StoreResult<Option<Grant>> {
        Ok(Some(Grant {
            sha256: [0; 32],
            kind: postrider_model::GrantKind::Session,
            visitor: postrider_model::Visitor::Operator,
            api_key: None,
            created_at: postrider_model::Timestamp::from_unix_ms(0),
            expires_at: postrider_model::Timestamp::from_unix_ms(i64::MAX),
        }))
    }
    async fn open_link(&self, _t: &str) -> StoreResult<Option<(ShownToken, Grant)>> {
        Ok(None)
    }
    async fn sign_in(&self, _t: ApiKeyId) -> StoreResult<(ShownToken, Grant)> {
        unimplemented!()
    }
    async fn end_session(&self, _t: &str) -> StoreResult<()> {
        Ok(())
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
