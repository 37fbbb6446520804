//! Stand-ins.
#![expect(missing_docs, reason = "temporary")]
use postrider_engine::Engine;
use postrider_model::{AccountId, ActionId, ApiKeyId, Grant};
use postrider_storage::StoreResult;
use std::collections::HashMap;
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
#[derive(Clone, Copy)]
pub struct Rate {
    pub succeeded: u64,
    pub failed: u64,
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
    async fn make_account_link(
        &self,
        account: AccountId,
        read_only: bool,
        theme: Option<postrider_model::grant::Theme>,
        lifetime: std::time::Duration,
    ) -> StoreResult<Option<(ShownToken, Grant)>> {
        let now = postrider_model::Timestamp::from_unix_ms(1_795_534_863_120);
        Ok(Some((
            ShownToken("prl_stand-in".to_owned()),
            Grant {
                sha256: [0; 32],
                kind: postrider_model::GrantKind::AccountLink,
                visitor: postrider_model::Visitor::Customer {
                    account,
                    read_only,
                    theme,
                },
                api_key: None,
                created_at: now,
                expires_at: now.after(lifetime),
            },
        )))
    }
    async fn action_rates(&self, _t: AccountId) -> StoreResult<HashMap<ActionId, Rate>> {
        Ok(HashMap::new())
    }
}
impl EngineStub for Engine {}
