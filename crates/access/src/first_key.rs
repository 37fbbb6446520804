//! How an installation gets its first API key.

use postrider_model::ApiKey;
use postrider_storage::{StoreError, StoreResult};

use crate::access::Access;
use crate::api_keys::KEY_BYTES_MAX;
use crate::token::{ShownKey, sha256};

/// Shortest key that an operator can give, in bytes.
const KEY_BYTES_MIN: usize = 16;

/// How the installation got its first key.
#[derive(Debug, PartialEq, Eq)]
pub enum FirstKey {
    /// The operator provided a key, which replaces the one provided before.
    Configured,
    /// The store had no key, so one was created. It can be shown only now.
    Created(ShownKey),
    /// The store has keys already.
    Existing,
}

/// Why there is no first key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirstKeyError {
    /// The configured key is too short, too long, or could not be sent in a header.
    #[error(
        "an API key must have {KEY_BYTES_MIN} to {KEY_BYTES_MAX} visible ASCII characters and no white space"
    )]
    Unfit,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Opens the API: ensures that a key exists, and reads all keys. The first key is the one that the
    /// operator provides, otherwise one of those in the store, otherwise a new one.
    pub async fn open(&self, configured: Option<&str>) -> Result<FirstKey, FirstKeyError> {
        let first = match configured {
            Some(configured) => {
                let fits = (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&configured.len());
                if !fits || !configured.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(FirstKeyError::Unfit);
                }
                self.put_configured(configured).await?;
                FirstKey::Configured
            }
            None => self.create_first().await?,
        };
        self.held.reload(&*self.store).await?;
        Ok(first)
    }

    async fn create_first(&self) -> StoreResult<FirstKey> {
        let now = self.now();
        let created = ShownKey::from_random(self.entropy.bytes());
        let key = ApiKey {
            id: self.ids.api_key(now),
            name: "first start".to_owned(),
            sha256: created.sha256(),
            is_configured: false,
            created_at: now,
        };
        Ok(if self.store.add_first_api_key(key).await? {
            FirstKey::Created(created)
        } else {
            FirstKey::Existing
        })
    }

    async fn put_configured(&self, configured: &str) -> StoreResult<()> {
        let sha256 = sha256(configured);
        let known = self.store.api_keys().await?;
        if known
            .iter()
            .any(|known| known.is_configured && known.sha256 == sha256)
        {
            return Ok(());
        }
        let now = self.now();
        // The store keeps the id of a configured key that it replaces. Nodes that start at the same moment
        // therefore write one row.
        let key = ApiKey {
            id: self.ids.api_key(now),
            name: "POSTRIDER_ADMIN_KEY".to_owned(),
            sha256,
            is_configured: true,
            created_at: now,
        };
        self.store.put_api_key(key).await
    }
}
