//! The `Postrider-Signature` scheme: lowercase hexadecimal HMAC-SHA256 (RFC 2104) of the exact body bytes,
//! keyed with the UTF-8 bytes of the displayed key, `whsec_` included.
//!
//! Receivers can check it in three lines of any language. It does not sign a time, so it does not prevent a
//! request from being replayed; [`standard_webhooks`](crate::standard_webhooks) does.
//!
//! While an overlap lasts, `Postrider-Signature` uses the oldest key and `Postrider-Signature-Next` the
//! newest one. A receiver that knows either key accepts the request.

use hmac::{Hmac, KeyInit as _, Mac as _};
use postrider_model::hex;
use postrider_model::secret::SigningSecret;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Characters of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// Why a request must not be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The request has no signature header.
    #[error("the request has no signature")]
    Missing,
    /// No signature is 64 lowercase hexadecimal digits.
    #[error("the signature is not 64 lowercase hexadecimal digits")]
    Malformed,
    /// The body was not signed with this key, or has been changed since.
    #[error("the signature does not match the body")]
    NoMatch,
}

/// Signs `body`.
pub fn sign(secret: &SigningSecret, body: &[u8]) -> String {
    Key::new(secret).sign(body)
}

/// Checks that `body`, byte for byte as it was received, was signed with this key.
///
/// `signature` and `signature_next` are the values of the headers `Postrider-Signature` and
/// `Postrider-Signature-Next`, if the request has them; one match is enough. Takes the same time for every
/// well-formed signature.
///
/// # Errors
/// See [`SignatureError`]. A malformed header is ignored if the other one matches.
pub fn verify(
    secret: &SigningSecret,
    body: &[u8],
    signature: Option<&str>,
    signature_next: Option<&str>,
) -> Result<(), SignatureError> {
    Key::new(secret).verify(body, signature, signature_next)
}

/// A key of this scheme, expanded once for many bodies. `Debug` does not print it.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// Expands the key.
    pub fn new(secret: &SigningSecret) -> Self {
        let mac = Hmac::new_from_slice(secret.expose().as_bytes());
        Self(mac.expect("HMAC takes keys of every length"))
    }

    /// As [`sign`].
    pub fn sign(&self, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(body);
        hex::encode(&mac.finalize().into_bytes())
    }

    /// As [`verify`].
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        signature_next: Option<&str>,
    ) -> Result<(), SignatureError> {
        if signature.or(signature_next).is_none() {
            return Err(SignatureError::Missing);
        }
        let mut signatures = [signature, signature_next]
            .into_iter()
            .flatten()
            .filter(|signature| is_well_formed(signature))
            .peekable();
        if signatures.peek().is_none() {
            return Err(SignatureError::Malformed);
        }
        let expected = self.sign(body);
        match signatures.any(|signature| expected.as_bytes().ct_eq(signature.as_bytes()).into()) {
            true => Ok(()),
            false => Err(SignatureError::NoMatch),
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

fn is_well_formed(signature: &str) -> bool {
    signature.len() == SIGNATURE_LEN
        && signature
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
