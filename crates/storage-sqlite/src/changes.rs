//! Changes by other nodes: none, because only one process can use the folder.

use async_trait::async_trait;
use postrider_storage::{ChangeMark, ChangeStore, Changes, StoreResult};

use crate::store::SqliteStore;

#[async_trait]
impl ChangeStore for SqliteStore {
    fn is_shared(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.is_shared {
            return true;
        }
        false
    }

    async fn changes(&self, _since: Option<ChangeMark>) -> StoreResult<Changes> {
        Ok(Changes {
            mark: ChangeMark {
                seen: 0,
                looked_at_ms: 0,
            },
            changed: Some(Vec::new()),
        })
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}
