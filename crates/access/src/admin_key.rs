//! The operator's key: the one that the operator configures, or the first one, which Postrider creates.

use postrider_model::{ApiKey, ApiKeyId, AuditAction, By, Permissions, Scope, Target};
use postrider_storage::{StoreError, StoreResult};

use crate::access::Access;
use crate::api_keys::{KEY_BYTES_MAX, prefix};
use crate::token::{ShownKey, sha256};

/// Shortest key that an operator can give, in bytes.
const KEY_BYTES_MIN: usize = 24;

/// Least strength of a key that an operator gives, in bits: the entropy of its characters' frequencies times
/// its length. It is an upper bound on how hard the key is to guess; 24 random hexadecimal digits have 84.
const KEY_BITS_MIN: f64 = 40.0;

/// What the store knows of administrators once it is open.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminKey {
    /// The operator configured a key, which replaces the one configured before.
    Configured,
    /// A key that administers the installation exists.
    Existing,
    /// No key administers the installation: create the first one.
    Missing,
}

/// Why the configured key is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminKeyError {
    /// The configured key is too short, too long, or could not be sent in a header.
    #[error(
        "an API key must have {KEY_BYTES_MIN} to {KEY_BYTES_MAX} visible ASCII characters and no white space"
    )]
    Unfit,
    /// The configured key is easy to guess.
    #[error("the API key is easy to guess: use a random one, such as the output of `openssl rand -hex 32`")]
    Weak,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The first key of an installation, not stored yet, so that it can be kept somewhere before.
pub struct FirstKey {
    key: ApiKey,
    shown: ShownKey,
}

impl FirstKey {
    /// Its id.
    pub fn id(&self) -> ApiKeyId {
        self.key.id
    }

    /// The key in plain text.
    pub fn shown(&self) -> &ShownKey {
        &self.shown
    }

    /// The key in plain text, to be handed over.
    pub fn into_shown(self) -> ShownKey {
        self.shown
    }
}

impl Access {
    /// Opens the API: stores the configured key, or removes the one that is configured no more with its
    /// sessions, and reads all keys.
    pub async fn open(&self, configured: Option<&str>) -> Result<AdminKey, AdminKeyError> {
        let known = self.store.api_keys().await?;
        let is_known = |hash: [u8; 32]| known.iter().any(|key| key.is_configured && key.sha256 == hash);
        match configured {
            Some(configured) => {
                check_admin_key(configured)?;
                if !is_known(sha256(configured)) {
                    let key = self.operators_key("POSTRIDER_ADMIN_KEY", sha256(configured));
                    let former = known.iter().find(|key| key.is_configured);
                    let key = ApiKey {
                        id: former.map_or(key.id, |former| former.id),
                        is_configured: true,
                        ..key
                    };
                    let target = Target::named(key.id, &key.name);
                    let audit = self.did(
                        &By::COMMAND_LINE,
                        AuditAction::ApiKeyConfigured,
                        Scope::All,
                        target,
                    );
                    self.store.configure_api_key(Some(key), audit).await?;
                }
            }
            None => {
                if let Some(former) = known.iter().find(|key| key.is_configured) {
                    tracing::warn!(
                        "the settings no longer configure an admin key: the former one is revoked"
                    );
                    let target = Target::named(former.id, &former.name);
                    let audit = self.did(&By::COMMAND_LINE, AuditAction::ApiKeyDeleted, Scope::All, target);
                    self.store.configure_api_key(None, audit).await?;
                }
            }
        }
        self.held.reload(&*self.store).await?;
        let is_admin = |key: &ApiKey| !key.is_configured && key.is_permanent_admin();
        Ok(match configured {
            Some(_) => AdminKey::Configured,
            None if known.iter().any(is_admin) => AdminKey::Existing,
            None => AdminKey::Missing,
        })
    }

    /// A fresh key that administers the installation.
    pub fn first_key(&self) -> FirstKey {
        let shown = ShownKey::from_random(self.entropy.bytes());
        let key = ApiKey {
            prefix: prefix(&shown),
            ..self.operators_key("first start", shown.sha256())
        };
        FirstKey { key, shown }
    }

    /// Stores the first key. False if another node was faster: its key is the first one, and this one opens
    /// nothing.
    pub async fn add_first_key(&self, first: &FirstKey) -> StoreResult<bool> {
        let audit = self.key_created(&By::COMMAND_LINE, &first.key);
        let is_added = self.store.add_first_api_key(first.key.clone(), audit).await?;
        self.held.reload(&*self.store).await?;
        Ok(is_added)
    }

    fn operators_key(&self, name: &str, sha256: [u8; 32]) -> ApiKey {
        let now = self.now();
        ApiKey {
            id: self.ids.api_key(now),
            name: name.to_owned(),
            prefix: String::new(),
            sha256,
            is_configured: false,
            permissions: Permissions::ALL,
            scope: Scope::All,
            created_at: now,
            expires_at: None,
            last_used_at: None,
        }
    }
}

/// Checks that a key that the operator configured can be sent in a header, and is hard to guess.
///
/// # Errors
/// [`AdminKeyError::Unfit`] or [`AdminKeyError::Weak`].
pub fn check_admin_key(key: &str) -> Result<(), AdminKeyError> {
    let fits = (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AdminKeyError::Unfit);
    }
    if is_repetition(key.as_bytes()) || strength_bits(key) < KEY_BITS_MIN {
        return Err(AdminKeyError::Weak);
    }
    Ok(())
}

/// Whether a key is a shorter text over and over: `changeme-changeme-changeme`.
fn is_repetition(key: &[u8]) -> bool {
    (1..=key.len() / 2).any(|period| key.iter().zip(&key[period..]).all(|(one, next)| one == next))
}

/// Shannon's entropy of the key's characters, times its length.
fn strength_bits(key: &str) -> f64 {
    let mut counts = [0_u16; 256];
    for byte in key.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u16::try_from(key.len()).unwrap_or(u16::MAX));
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| f64::from(count) * (length / f64::from(count)).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_easy_to_guess_are_refused() {
        for key in [
            "f3a9c1d07be24586a1c94e7d3b60f825",
            "correct-horse-battery-staple",
            "prk_o2jO0jwKDqx-QH6Kd2SPpF_XmQiOC8b7WjYH0SGBFyU",
        ] {
            assert_eq!(check_admin_key(key), Ok(()), "{key}");
        }
        for key in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "changeme-changeme-changeme",
            "123456789012345678901234",
            "passwordpasswordpassword",
        ] {
            assert_eq!(check_admin_key(key), Err(AdminKeyError::Weak), "{key}");
        }
        for key in ["", "f3a9c1d07be24586a1c94e7", "f3a9c1d07be24586 a1c94e7d3b60f825"] {
            assert_eq!(check_admin_key(key), Err(AdminKeyError::Unfit), "{key}");
        }
    }
}
