//! Digests, forms of keys, and keys that are expanded once for many signatures.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use postrider_model::ed25519::{Ed25519Public, Ed25519Secret, KeyAlgorithm, KeyMaterial};
use postrider_model::secret::{SECRET_PREFIX, SigningSecret};
use ring::hmac as ring_hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::Deserialize;
use sha2::Sha256;

/// Bytes of the longest signature: Ed25519 (RFC 8032) and HMAC-SHA512.
const SIGNATURE_BYTES_MAX: usize = 64;

/// How a signature is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Digest {
    /// HMAC-SHA256 (RFC 2104): 32 bytes.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC-SHA1, for receivers that know nothing newer: 20 bytes. Collisions of SHA-1 do not help to forge
    /// an HMAC (RFC 6194 section 3.3).
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
    /// HMAC-SHA512: 64 bytes.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
    /// Ed25519 (RFC 8032): 64 bytes, verified with the public key.
    #[serde(rename = "ed25519")]
    Ed25519,
}

/// Which bytes of a `whsec_` key the HMAC is keyed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// The UTF-8 bytes of the displayed key, `whsec_` included.
    Displayed,
    /// The bytes after `whsec_`, decoded from base64. A secret that a receiver knows already is brought as
    /// `whsec_` and the base64 of its bytes.
    Decoded,
    /// The UTF-8 bytes of the text after `whsec_`.
    Undecoded,
}

/// How a signature is computed, and with which bytes of the key. A key is expanded once for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Sha256(KeyForm),
    Sha1(KeyForm),
    Sha512(KeyForm),
    Ed25519,
}

/// A key, expanded for a scheme. `Debug` does not print it.
#[derive(Clone)]
pub(super) enum ExpandedKey {
    Sha256(Hmac<Sha256>),
    /// Any other hash, by ring.
    Ring(ring_hmac::Key),
    Ed25519(Arc<Ed25519KeyPair>),
}

/// A signature's bytes.
pub(super) struct Signature {
    bytes: [u8; SIGNATURE_BYTES_MAX],
    len: usize,
}

/// The public key of a private one, which receivers verify with.
pub fn public_key(secret: &Ed25519Secret) -> Ed25519Public {
    let public = key_pair(secret).public_key().as_ref().try_into();
    Ed25519Public::new(public.expect("a public key has 32 bytes"))
}

fn key_pair(secret: &Ed25519Secret) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(secret.seed()).expect("every seed of 32 bytes is a key")
}

/// Whether this is the Ed25519 signature of `message`. Strict: RFC 8032 section 5.1.7.
pub(super) fn is_signed(public: &Ed25519Public, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public.bytes())
        .verify(message, signature)
        .is_ok()
}

impl Scheme {
    pub(super) fn new(digest: Digest, form: KeyForm) -> Self {
        match digest {
            Digest::HmacSha256 => Self::Sha256(form),
            Digest::HmacSha1 => Self::Sha1(form),
            Digest::HmacSha512 => Self::Sha512(form),
            Digest::Ed25519 => Self::Ed25519,
        }
    }

    /// The kind of key that it needs.
    pub(super) fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Sha256(_) | Self::Sha1(_) | Self::Sha512(_) => KeyAlgorithm::Hmac,
            Self::Ed25519 => KeyAlgorithm::Ed25519,
        }
    }

    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha256(_) => "HMAC-SHA256",
            Self::Sha1(_) => "HMAC-SHA1",
            Self::Sha512(_) => "HMAC-SHA512",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Bytes of a signature.
    pub(super) fn signature_bytes(self) -> usize {
        match self {
            Self::Sha1(_) => 20,
            Self::Sha256(_) => 32,
            Self::Sha512(_) | Self::Ed25519 => SIGNATURE_BYTES_MAX,
        }
    }

    /// The key for this scheme, unless it is of another kind.
    pub(super) fn expand(self, key: &KeyMaterial) -> Option<ExpandedKey> {
        let (form, algorithm) = match (self, key) {
            (Self::Ed25519, KeyMaterial::Ed25519(secret)) => {
                return Some(ExpandedKey::Ed25519(Arc::new(key_pair(secret))));
            }
            (Self::Sha256(form), KeyMaterial::Hmac(secret)) => {
                let mac = Hmac::new_from_slice(&form.bytes(secret));
                return Some(ExpandedKey::Sha256(mac.expect("HMAC takes keys of every length")));
            }
            (Self::Sha1(form), _) => (form, ring_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            (Self::Sha512(form), _) => (form, ring_hmac::HMAC_SHA512),
            _ => return None,
        };
        match key {
            KeyMaterial::Hmac(secret) => {
                let key = ring_hmac::Key::new(algorithm, &form.bytes(secret));
                Some(ExpandedKey::Ring(key))
            }
            KeyMaterial::Ed25519(_) => None,
        }
    }
}

impl KeyForm {
    fn bytes(self, secret: &SigningSecret) -> Vec<u8> {
        let displayed = secret.expose();
        match self {
            Self::Displayed => displayed.into(),
            Self::Decoded => secret.decoded(),
            Self::Undecoded => displayed[SECRET_PREFIX.len()..].into(),
        }
    }
}

impl ExpandedKey {
    /// Signs the message that consists of these parts.
    pub(super) fn sign<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> Signature {
        match self {
            Self::Sha256(key) => {
                let mut mac = key.clone();
                parts.for_each(|part| mac.update(part));
                Signature::new(&mac.finalize().into_bytes())
            }
            Self::Ring(key) => {
                let mut context = ring_hmac::Context::with_key(key);
                parts.for_each(|part| context.update(part));
                Signature::new(context.sign().as_ref())
            }
            // Ed25519 reads its message twice, so it has to be in one piece.
            Self::Ed25519(pair) => Signature::new(pair.sign(&parts.collect::<Vec<_>>().concat()).as_ref()),
        }
    }
}

impl fmt::Debug for ExpandedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExpandedKey(…)")
    }
}

impl Signature {
    fn new(signature: &[u8]) -> Self {
        let mut bytes = [0; SIGNATURE_BYTES_MAX];
        bytes[..signature.len()].copy_from_slice(signature);
        Self {
            bytes,
            len: signature.len(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postrider_model::hex;

    /// RFC 8032 section 7.1, test 2.
    #[test]
    fn an_ed25519_key_signs_as_its_rfc_does() {
        let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let secret = Ed25519Secret::from_random(seed.try_into().unwrap());
        let public = public_key(&secret);
        assert_eq!(
            hex::encode(public.bytes()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let key = Scheme::Ed25519.expand(&secret.into()).unwrap();
        let signature = key.sign([&[0x72][..]].into_iter());
        let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(hex::encode(signature.bytes()), expected);
        assert!(is_signed(&public, &[0x72], signature.bytes()));
        assert!(!is_signed(&public, &[0x73], signature.bytes()));
    }

    #[test]
    fn every_form_of_a_key_is_used_as_it_is_described() {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        assert_eq!(KeyForm::Displayed.bytes(&secret), secret.expose().as_bytes());
        assert_eq!(KeyForm::Decoded.bytes(&secret), secret.decoded());
        assert_eq!(
            KeyForm::Undecoded.bytes(&secret),
            b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        );
    }

    #[test]
    fn a_key_is_expanded_only_for_schemes_of_its_kind_and_never_printed() {
        let hmac = KeyMaterial::from(SigningSecret::from_random([7; 24]));
        let ed25519 = KeyMaterial::from(Ed25519Secret::from_random([7; 32]));
        let form = KeyForm::Decoded;
        for scheme in [Scheme::Sha256(form), Scheme::Sha1(form), Scheme::Sha512(form)] {
            assert!(scheme.expand(&ed25519).is_none());
            let key = scheme.expand(&hmac).unwrap();
            assert_eq!(format!("{key:?}"), "ExpandedKey(…)");
            assert_eq!(
                key.sign([&b""[..]].into_iter()).bytes().len(),
                scheme.signature_bytes()
            );
        }
        assert!(Scheme::Ed25519.expand(&hmac).is_none());
        assert!(Scheme::Ed25519.expand(&ed25519).is_some());
    }
}
