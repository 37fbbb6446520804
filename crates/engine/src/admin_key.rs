//! How an installation comes to its first API key.

use postrider_model::{ApiKey, ApiKeyId, Timestamp};
use postrider_storage::{Store, StoreError, StoreResult};
use sha2::{Digest, Sha256};

use crate::api_keys::{KEY_BYTES_MAX, ShownKey};

/// Shortest key that an operator can bring along, in bytes.
pub const KEY_BYTES_MIN: usize = 16;

/// The id under which the key of `POSTRIDER_ADMIN_KEY` is kept: another value replaces it.
const GIVEN_KEY: ApiKeyId = ApiKeyId::from_u128(1);

/// The id under which the key made on first start is kept.
const MADE_KEY: ApiKeyId = ApiKeyId::from_u128(2);

/// How the installation came to a first key.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminKey {
    /// The operator gave one; it is stored as a hash, in place of the one given before.
    Given,
    /// There was none, and one was made. This is the only time that it can be shown.
    Made(ShownKey),
    /// There are keys already.
    Existing,
}

/// Why there is no first key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminKeyError {
    /// The given key is too short, too long, or could not be sent in a header.
    #[error("an API key has {KEY_BYTES_MIN} to {KEY_BYTES_MAX} visible ASCII characters and no white space")]
    Unfit,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that there is a key: the one the operator gave, else one of those in the store, else a new one made of
/// `random`. To be called before [`crate::ApiKeys::load`].
pub async fn ensure_admin_key(
    store: &dyn Store,
    given: Option<&str>,
    random: [u8; 32],
    now: Timestamp,
) -> Result<AdminKey, AdminKeyError> {
    if let Some(given) = given {
        let fits = (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&given.len());
        if !fits || !given.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AdminKeyError::Unfit);
        }
        put(store, GIVEN_KEY, "POSTRIDER_ADMIN_KEY", given, now).await?;
        return Ok(AdminKey::Given);
    }
    let made = ShownKey::from_random(random);
    let key = ApiKey {
        id: MADE_KEY,
        name: "first start".to_owned(),
        sha256: made.sha256(),
        created_at: now,
    };
    Ok(if store.add_first_api_key(key).await? {
        AdminKey::Made(made)
    } else {
        AdminKey::Existing
    })
}

async fn put(store: &dyn Store, id: ApiKeyId, name: &str, key: &str, now: Timestamp) -> StoreResult<()> {
    let sha256 = Sha256::digest(key).into();
    if store
        .api_keys()
        .await?
        .iter()
        .any(|known| known.id == id && known.sha256 == sha256)
    {
        return Ok(());
    }
    store
        .put_api_key(ApiKey {
            id,
            name: name.to_owned(),
            sha256,
            created_at: now,
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_made_does_not_print() {
        let made = AdminKey::Made(ShownKey::from_random([1; 32]));
        assert_eq!(format!("{made:?}"), "Made(prk_…)");
    }
}
