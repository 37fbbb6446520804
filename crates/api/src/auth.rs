//! API keys: who may call `/v1`.
//!
//! A key is presented as `Authorization: Bearer <key>`. Only its SHA-256 is kept, and compared in constant time with
//! each of the few keys there are. Keys are never logged, and never printed except by whoever made one, once.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use parking_lot::RwLock;
use postrider_model::{ApiKey, ApiKeyId, Timestamp};
use postrider_storage::{Store, StoreError, StoreResult};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What every key that Postrider makes starts with, so that scanners for leaked secrets can find it.
pub const KEY_PREFIX: &str = "prk_";

/// Shortest key that an operator can bring along, in bytes.
pub const KEY_BYTES_MIN: usize = 16;

/// Longest key, in bytes: a bound on what is hashed for each request.
pub const KEY_BYTES_MAX: usize = 512;

/// The id under which the key of `POSTRIDER_ADMIN_KEY` is kept: another value replaces it.
const GIVEN_KEY: ApiKeyId = ApiKeyId::from_u128(1);

/// The id under which the key made on first start is kept.
const MADE_KEY: ApiKeyId = ApiKeyId::from_u128(2);

/// The keys that open the API, in memory.
pub struct ApiKeys(RwLock<Vec<[u8; 32]>>);

impl ApiKeys {
    /// Reads the keys.
    pub async fn load(store: &dyn Store) -> StoreResult<Self> {
        Ok(Self(RwLock::new(hashes(store).await?)))
    }

    /// Reads the keys again: another node may have changed them.
    pub async fn reload(&self, store: &dyn Store) -> StoreResult<()> {
        let hashes = hashes(store).await?;
        *self.0.write() = hashes;
        Ok(())
    }

    /// Whether `key` opens the API.
    pub fn admit(&self, key: &str) -> bool {
        if key.len() > KEY_BYTES_MAX {
            return false;
        }
        let presented: [u8; 32] = Sha256::digest(key).into();
        // All are compared, whichever matches: the time tells nothing.
        let equal = |found: Choice, hash: &[u8; 32]| found | hash.ct_eq(&presented);
        self.0.read().iter().fold(Choice::from(0), equal).into()
    }

    /// Whether a request with these headers may call `/v1`.
    pub fn admit_request(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        bearer(value.as_bytes()).is_some_and(|key| self.admit(key))
    }
}

async fn hashes(store: &dyn Store) -> StoreResult<Vec<[u8; 32]>> {
    Ok(store
        .api_keys()
        .await?
        .into_iter()
        .map(|key| key.sha256)
        .collect())
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys")
    }
}

/// The token behind `Bearer` (RFC 6750, section 2.1; the scheme's name in any case, RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

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

/// A key in the clear, to be shown once. It prints only through [`ShownKey::expose`].
#[derive(PartialEq, Eq)]
pub struct ShownKey(String);

impl ShownKey {
    /// The key. Whoever calls this decides where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("prk_…")
    }
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
/// `random`. To be called before [`ApiKeys::load`].
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
    let made = format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let key = ApiKey {
        id: MADE_KEY,
        name: "first start".to_owned(),
        sha256: Sha256::digest(&made).into(),
        created_at: now,
    };
    Ok(if store.add_first_api_key(key).await? {
        AdminKey::Made(ShownKey(made))
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

    fn keys(keys: &[&str]) -> ApiKeys {
        ApiKeys(RwLock::new(
            keys.iter().map(|key| Sha256::digest(key).into()).collect(),
        ))
    }

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::AUTHORIZATION, value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn one_bearer_header_with_a_known_key_opens_the_api() {
        let keys = keys(&["first-key-of-ours", "second-key-of-ours"]);
        assert!(keys.admit_request(&headers(&["Bearer first-key-of-ours"])));
        assert!(keys.admit_request(&headers(&["bearer  second-key-of-ours"])));
        for bad in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["first-key-of-ours"],
            &["Basic first-key-of-ours"],
            &["Bearer first-key-of-our"],
            &["Bearer first-key-of-ours", "Bearer first-key-of-ours"],
        ] {
            assert!(!keys.admit_request(&headers(bad)), "{bad:?}");
        }
    }

    #[test]
    fn a_shown_key_does_not_print() {
        assert_eq!(
            format!("{:?}", AdminKey::Made(ShownKey("prk_secret".to_owned()))),
            "Made(prk_…)"
        );
    }
}
