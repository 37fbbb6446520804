//! Ed25519 keys as Standard Webhooks displays them, and the two kinds of signing keys.
//!
//! This module parses and prints them. `postrider-signing` signs with them and derives public keys.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::{SecretError, SigningSecret};

/// The prefix of a displayed Ed25519 private key (Standard Webhooks specification, "Signature scheme").
pub const PRIVATE_PREFIX: &str = "whsk_";

/// The prefix of a displayed Ed25519 public key.
pub const PUBLIC_PREFIX: &str = "whpk_";

/// Bytes of an Ed25519 private key, the seed of RFC 8032 section 5.1.5, and of a public key.
pub const ED25519_BYTES: usize = 32;

/// An Ed25519 private key: `whsk_` and the base64 of its seed. `Debug` does not print it; see
/// [`Self::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Ed25519Secret([u8; ED25519_BYTES]);

/// An Ed25519 public key, which receivers verify with: `whpk_` and base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ed25519Public([u8; ED25519_BYTES]);

/// A signing key of either kind. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyMaterial {
    /// Shared with the receiver: `whsec_…`.
    Hmac(SigningSecret),
    /// The receiver has the public key only: `whsk_…`.
    Ed25519(Ed25519Secret),
}

/// The kind of a signing key. It says nothing about the hash of an HMAC, which a signature profile chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyAlgorithm {
    /// [`KeyMaterial::Hmac`].
    #[default]
    Hmac,
    /// [`KeyMaterial::Ed25519`].
    Ed25519,
}

/// A string that is not an Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ed25519Error {
    /// Not a private key.
    #[error("expected `whsk_` followed by the base64 of 32 bytes")]
    Private,
    /// Not a public key.
    #[error("expected `whpk_` followed by the base64 of 32 bytes")]
    Public,
}

/// A string that is not a signing key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyMaterialError {
    /// It begins with `whsk_`.
    #[error(transparent)]
    Ed25519(#[from] Ed25519Error),
    /// Everything else.
    #[error(transparent)]
    Hmac(#[from] SecretError),
}

impl Ed25519Secret {
    /// The private key with this seed. Every seed is a key.
    pub fn from_random(seed: [u8; ED25519_BYTES]) -> Self {
        Self(seed)
    }

    /// The seed. The caller is responsible for where the secret goes.
    pub fn seed(&self) -> &[u8; ED25519_BYTES] {
        &self.0
    }

    /// The displayed form. The caller is responsible for where the secret goes.
    pub fn expose(&self) -> String {
        format!("{PRIVATE_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for Ed25519Secret {
    type Err = Ed25519Error;

    fn from_str(text: &str) -> Result<Self, Ed25519Error> {
        decode(text, PRIVATE_PREFIX)
            .map(Self)
            .ok_or(Ed25519Error::Private)
    }
}

impl fmt::Debug for Ed25519Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsk_…")
    }
}

impl Ed25519Public {
    /// The public key of these bytes (RFC 8032 section 5.1.5). If they are not a point on the curve, no
    /// signature verifies.
    pub fn new(bytes: [u8; ED25519_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; ED25519_BYTES] {
        &self.0
    }
}

impl FromStr for Ed25519Public {
    type Err = Ed25519Error;

    fn from_str(text: &str) -> Result<Self, Ed25519Error> {
        decode(text, PUBLIC_PREFIX).map(Self).ok_or(Ed25519Error::Public)
    }
}

impl fmt::Display for Ed25519Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Ed25519Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl KeyMaterial {
    /// The displayed form. The caller is responsible for where the secret goes.
    pub fn expose(&self) -> String {
        match self {
            Self::Hmac(secret) => secret.expose().to_owned(),
            Self::Ed25519(secret) => secret.expose(),
        }
    }

    /// The key's kind.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Hmac(_) => KeyAlgorithm::Hmac,
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
        }
    }
}

impl KeyAlgorithm {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Hmac, Self::Ed25519];

    /// The algorithm's name in the API and the console.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl From<SigningSecret> for KeyMaterial {
    fn from(secret: SigningSecret) -> Self {
        Self::Hmac(secret)
    }
}

impl From<Ed25519Secret> for KeyMaterial {
    fn from(secret: Ed25519Secret) -> Self {
        Self::Ed25519(secret)
    }
}

impl FromStr for KeyMaterial {
    type Err = KeyMaterialError;

    fn from_str(text: &str) -> Result<Self, KeyMaterialError> {
        if text.starts_with(PRIVATE_PREFIX) {
            Ok(Self::Ed25519(text.parse()?))
        } else {
            Ok(Self::Hmac(text.parse()?))
        }
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hmac(secret) => secret.fmt(f),
            Self::Ed25519(secret) => secret.fmt(f),
        }
    }
}

fn decode(text: &str, prefix: &str) -> Option<[u8; ED25519_BYTES]> {
    let base64 = text.strip_prefix(prefix)?;
    STANDARD.decode(base64).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_kinds_survive_a_round_trip_and_are_never_printed() {
        for (key, printed) in [
            (KeyMaterial::from(Ed25519Secret::from_random([7; 32])), "whsk_…"),
            (KeyMaterial::from(SigningSecret::from_random([7; 24])), "whsec_…"),
        ] {
            assert_eq!(key.expose().parse::<KeyMaterial>().unwrap(), key);
            assert_eq!(format!("{key:?}"), printed);
        }
        let public = Ed25519Public::new([9; 32]);
        assert_eq!(public.to_string().parse::<Ed25519Public>().unwrap(), public);
    }

    #[test]
    fn other_strings_are_refused_with_the_form_that_is_expected() {
        for text in [
            "whsk_",
            "whsk_AAAA",
            "whsk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE",
        ] {
            assert_eq!(text.parse::<KeyMaterial>(), Err(Ed25519Error::Private.into()));
        }
        let private = Ed25519Secret::from_random([7; 32]).expose();
        assert_eq!(private.parse::<Ed25519Public>(), Err(Ed25519Error::Public));
        assert_eq!("whpk_AAAA".parse::<KeyMaterial>(), Err(SecretError.into()));
    }
}
