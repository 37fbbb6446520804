//! Signs requests with an account's live keys, which are expanded once and used for every attempt.
//!
//! Expanding a key takes two of the twelve SHA-256 blocks per scheme that sign a 512-byte body. A [`Signer`]
//! is created once, when a key is read; each signature starts from a clone of its states.
//!
//! To add a scheme: add a file like `postrider_scheme.rs` with a `Key`, hold that key in [`Signer`], and add
//! its header to [`SignatureHeaders`].

use std::fmt;

use postrider_model::secret::SigningSecret;

use crate::{postrider_scheme, standard_webhooks};

/// A signing key, expanded for both schemes. `Debug` does not print it.
#[derive(Clone)]
pub struct Signer {
    postrider: postrider_scheme::Key,
    standard: standard_webhooks::Key,
}

impl Signer {
    /// Expands the key.
    pub fn new(secret: &SigningSecret) -> Self {
        Self {
            postrider: postrider_scheme::Key::new(secret),
            standard: standard_webhooks::Key::new(secret),
        }
    }

    /// The [`Postrider-Signature`](postrider_scheme) of `body`: 64 lowercase hexadecimal digits.
    pub fn hex(&self, body: &[u8]) -> String {
        self.postrider.sign(body)
    }

    /// The [`webhook-signature`](standard_webhooks) token of `body` as message `webhook_id`, sent at
    /// `timestamp_s` (Unix seconds): `v1,` and 44 characters of base64.
    pub fn v1(&self, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> String {
        self.standard.sign(webhook_id, timestamp_s, body)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

/// The keys of an account that currently sign.
#[derive(Debug, Clone)]
pub struct LiveSigners {
    /// The newest key.
    pub current: Signer,
    /// The key before it, while its overlap lasts.
    pub previous: Option<Signer>,
}

/// The values of the headers that sign one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Postrider-Signature`: by the previous key while its overlap lasts, so that receivers that have not
    /// switched keys yet see no difference; otherwise by the current key.
    pub signature: String,
    /// `Postrider-Signature-Next`: by the current key, while the overlap of the previous one lasts.
    pub signature_next: Option<String>,
    /// `webhook-signature`: a token per live key, the current first, separated by single spaces.
    pub webhook_signature: String,
}

impl LiveSigners {
    /// Signs `body` as message `webhook_id`, sent at `timestamp_s` (Unix seconds).
    pub fn sign(&self, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> SignatureHeaders {
        let current_hex = self.current.hex(body);
        let mut webhook_signature = self.current.v1(webhook_id, timestamp_s, body);
        match &self.previous {
            None => SignatureHeaders {
                signature: current_hex,
                signature_next: None,
                webhook_signature,
            },
            Some(previous) => {
                webhook_signature.push(' ');
                webhook_signature.push_str(&previous.v1(webhook_id, timestamp_s, body));
                SignatureHeaders {
                    signature: previous.hex(body),
                    signature_next: Some(current_hex),
                    webhook_signature,
                }
            }
        }
    }
}
