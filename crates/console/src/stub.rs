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
