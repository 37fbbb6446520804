//! Randomness, passed in like the time.

use std::sync::Arc;

use crate::ed25519::{Ed25519Secret, KeyAlgorithm, KeyMaterial};
use crate::secret::{SECRET_BYTES, SigningSecret};

/// Fills bytes with randomness.
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// A source of random bytes fit for secrets. Clones share it.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

impl Entropy {
    /// Creates a source from `fill`, which must not repeat itself, on this machine or another.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A fresh random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A fresh signing secret.
    pub fn signing_secret(&self) -> SigningSecret {
        SigningSecret::from_random(self.bytes::<SECRET_BYTES>())
    }

    /// A fresh signing key of this kind.
    pub fn signing_key(&self, algorithm: KeyAlgorithm) -> KeyMaterial {
        match algorithm {
            KeyAlgorithm::Hmac => self.signing_secret().into(),
            KeyAlgorithm::Ed25519 => Ed25519Secret::from_random(self.bytes()).into(),
        }
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}
