//! The `webhook-signature` scheme of the Standard Webhooks specification: `v1,` and the base64 of the
//! HMAC-SHA256 of `id.timestamp.body`, keyed with the decoded bytes after `whsec_`.
//!
//! The header holds one such token per live key, separated by single spaces. Verification ignores tokens of
//! other versions, such as the specification's `v1a`. Because the time is signed, a captured request can be
//! replayed only within [`TOLERANCE_S`]; a receiver that remembers ids for that long prevents even that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use postrider_model::secret::SigningSecret;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The header of the message's id.
pub const ID_HEADER: &str = "webhook-id";

/// The header of the attempt's time, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";

/// The header of the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Maximum difference between an attempt's time and the receiver's, in either direction, in seconds: the five
/// minutes of the specification's libraries.
pub const TOLERANCE_S: u64 = 5 * 60;

/// The version of symmetric signatures, and its separator.
const V1: &str = "v1,";

/// The headers of a request that its signature depends on, as they were received.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookHeaders<'a> {
    /// The value of [`ID_HEADER`], where the request has it.
    pub id: Option<&'a str>,
    /// The value of [`TIMESTAMP_HEADER`], where the request has it.
    pub timestamp: Option<&'a str>,
    /// The value of [`SIGNATURE_HEADER`], where the request has it.
    pub signature: Option<&'a str>,
}

/// Why a request must not be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The request has no `webhook-id`.
    #[error("the request has no webhook-id")]
    MissingId,
    /// The request has no `webhook-timestamp`.
    #[error("the request has no webhook-timestamp")]
    MissingTimestamp,
    /// The request has no `webhook-signature`.
    #[error("the request has no webhook-signature")]
    MissingSignature,
    /// `webhook-timestamp` is not a whole number of seconds.
    #[error("webhook-timestamp is not a whole number of seconds")]
    MalformedTimestamp,
    /// `webhook-signature` contains no token with a version and a comma.
    #[error("webhook-signature holds no signature with a version")]
    MalformedSignature,
    /// The request was sent more than [`TOLERANCE_S`] ago.
    #[error("the request was sent too long ago")]
    TimestampTooOld,
    /// The request's time is more than [`TOLERANCE_S`] in the future.
    #[error("the request was sent too far in the future")]
    TimestampTooNew,
    /// The request was not signed with this key, or has been changed since.
    #[error("no signature matches the request")]
    NoMatch,
}

/// The token that signs `body` as message `webhook_id`, sent at `timestamp_s` (Unix seconds).
pub fn sign(secret: &SigningSecret, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> String {
    Key::new(secret).sign(webhook_id, timestamp_s, body)
}

/// Checks that a request with these headers and this body, byte for byte as it was received, was signed with
/// this key within [`TOLERANCE_S`] of `now_s` (Unix seconds). One matching token is enough. Takes the same
/// time for every token of a signature's length.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify(
    secret: &SigningSecret,
    headers: &WebhookHeaders<'_>,
    body: &[u8],
    now_s: i64,
) -> Result<(), VerifyError> {
    Key::new(secret).verify(headers, body, now_s)
}

/// A key of this scheme, expanded once for many messages. `Debug` does not print it.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// Expands the key.
    pub fn new(secret: &SigningSecret) -> Self {
        let mac = Hmac::new_from_slice(&secret.decoded());
        Self(mac.expect("HMAC takes keys of every length"))
    }

    /// As [`sign`].
    pub fn sign(&self, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> String {
        self.token(webhook_id, &timestamp_s.to_string(), body)
    }

    /// As [`verify`].
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self, headers: &WebhookHeaders<'_>, body: &[u8], now_s: i64) -> Result<(), VerifyError> {
        let id = headers.id.ok_or(VerifyError::MissingId)?;
        let timestamp = headers.timestamp.ok_or(VerifyError::MissingTimestamp)?;
        let signature = headers.signature.ok_or(VerifyError::MissingSignature)?;
        check_time(timestamp, now_s)?;
        if !signature.split(' ').any(|token| token.contains(',')) {
            return Err(VerifyError::MalformedSignature);
        }
        let expected = self.token(id, timestamp, body);
        // Tokens of other versions differ from `expected` in their first bytes, so they cannot match.
        let is_match = |token: &str| expected.as_bytes().ct_eq(token.as_bytes()).into();
        match signature.split(' ').any(is_match) {
            true => Ok(()),
            false => Err(VerifyError::NoMatch),
        }
    }

    fn token(&self, webhook_id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        for part in [webhook_id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        /// The version and the base64 of 32 bytes.
        const TOKEN_LEN: usize = V1.len() + 44;
        let mut token = String::with_capacity(TOKEN_LEN);
        token.push_str(V1);
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut token);
        token
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

fn check_time(timestamp: &str, now_s: i64) -> Result<(), VerifyError> {
    let timestamp_s: i64 = timestamp.parse().map_err(|_| VerifyError::MalformedTimestamp)?;
    match timestamp_s.abs_diff(now_s) {
        ..=TOLERANCE_S => Ok(()),
        _ if timestamp_s < now_s => Err(VerifyError::TimestampTooOld),
        _ => Err(VerifyError::TimestampTooNew),
    }
}
