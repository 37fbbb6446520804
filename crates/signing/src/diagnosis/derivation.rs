//! How a signature is computed: with which form of the key, over which message, by which function.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use postrider_model::SigningSecret;
use postrider_model::secret::SECRET_PREFIX;
use sha2::{Digest as _, Sha256};

use super::received::{Received, Scheme, Signature};
use super::spelling::MAC_BYTES;

/// The form of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// The text as displayed, `whsec_` included: right for `Postrider-Signature`.
    Displayed,
    /// The bytes after `whsec_`, decoded: right for `webhook-signature`.
    Decoded,
    /// The text after `whsec_`, not decoded.
    Undecoded,
    /// The displayed text with a line break at its end, as in a file or from `echo`.
    WithLineBreak,
    /// The whole displayed text, decoded by a lenient decoder such as Node.js's `Buffer.from`.
    DecodedWhole,
}

/// The signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The body: right for `Postrider-Signature`.
    Body,
    /// `id.timestamp.body`: right for `webhook-signature`.
    IdTimeBody,
    /// `timestamp.body`, which other senders sign.
    TimeBody,
}

impl KeyForm {
    /// All forms.
    pub const ALL: [Self; 5] = [
        Self::Displayed,
        Self::Decoded,
        Self::Undecoded,
        Self::WithLineBreak,
        Self::DecodedWhole,
    ];

    /// The form that the scheme requires.
    pub fn right_for(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Postrider => Self::Displayed,
            Scheme::Standard => Self::Decoded,
        }
    }

    /// The key's bytes.
    pub fn bytes(self, secret: &SigningSecret) -> Vec<u8> {
        let displayed = secret.expose();
        match self {
            Self::Displayed => displayed.into(),
            Self::Decoded => secret.decoded(),
            Self::Undecoded => displayed.trim_start_matches(SECRET_PREFIX).into(),
            Self::WithLineBreak => format!("{displayed}\n").into(),
            Self::DecodedWhole => decoded_leniently(displayed),
        }
    }

    /// The form in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Displayed => "the displayed text, including `whsec_`",
            Self::Decoded => "the bytes after `whsec_`, decoded from base64",
            Self::Undecoded => "the text after `whsec_`, not decoded",
            Self::WithLineBreak => "the displayed text with a line break, as a file or `echo` ends",
            Self::DecodedWhole => "the whole displayed text decoded from base64, `whsec_` included",
        }
    }
}

impl Message {
    /// All messages.
    pub const ALL: [Self; 3] = [Self::Body, Self::IdTimeBody, Self::TimeBody];

    /// The message that the scheme requires.
    pub fn right_for(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Postrider => Self::Body,
            Scheme::Standard => Self::IdTimeBody,
        }
    }

    /// The signed text before the body; `None` if the request lacks a header for it.
    pub fn before_body(self, received: &Received) -> Option<String> {
        match self {
            Self::Body => Some(String::new()),
            Self::IdTimeBody => Some(format!(
                "{}.{}.",
                received.id.as_ref()?,
                received.timestamp.as_ref()?
            )),
            Self::TimeBody => Some(format!("{}.", received.timestamp.as_ref()?)),
        }
    }

    /// The message in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Body => "the body alone",
            Self::IdTimeBody => "webhook-id, webhook-timestamp and the body, with full stops between them",
            Self::TimeBody => "webhook-timestamp and the body, with a full stop between them",
        }
    }
}

/// Decodes base64 as Node.js does: both alphabets, without padding, an incomplete byte at the end left out.
fn decoded_leniently(text: &str) -> Vec<u8> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    LENIENT.decode(text).unwrap_or_default()
}

/// What was computed over key and message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// HMAC-SHA256: right for both schemes.
    Hmac,
    /// SHA-256 of the key and then the message.
    HashKeyFirst,
    /// SHA-256 of the message and then the key.
    HashKeyLast,
    /// SHA-256 of the message.
    HashWithoutKey,
}

impl Function {
    /// All functions.
    pub const ALL: [Self; 4] = [
        Self::Hmac,
        Self::HashKeyFirst,
        Self::HashKeyLast,
        Self::HashWithoutKey,
    ];

    /// The result for this key and this message, which is in two parts.
    pub fn compute(self, key: &[u8], before_body: &str, body: &[u8]) -> [u8; MAC_BYTES] {
        let before_body = before_body.as_bytes();
        let parts = match self {
            Self::Hmac => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
                mac.update(before_body);
                mac.update(body);
                return mac.finalize().into_bytes().into();
            }
            Self::HashKeyFirst => [key, before_body, body],
            Self::HashKeyLast => [before_body, body, key],
            Self::HashWithoutKey => [before_body, body, b""],
        };
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }

    /// What is wrong and what to do; `None` if it is right.
    pub fn meaning(self, signature: &Signature) -> Option<String> {
        let given = match self {
            Self::Hmac => return None,
            Self::HashKeyFirst => "the plain SHA-256 of the key followed by the message",
            Self::HashKeyLast => "the plain SHA-256 of the message followed by the key",
            Self::HashWithoutKey => "the plain SHA-256 of the message, without the key",
        };
        Some(format!(
            "It is {given}; {} is an HMAC-SHA256 with the key (`hmac.new`, `createHmac`, `hash_hmac`).",
            signature.header
        ))
    }
}
