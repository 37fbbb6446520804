//! How a signature is computed: with which form of the key, over which message.

use hmac::{Hmac, KeyInit as _, Mac as _};
use postrider_model::SigningSecret;
use postrider_model::secret::SECRET_PREFIX;
use sha2::Sha256;

use super::received::{Received, Scheme};

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
    pub const ALL: [Self; 4] = [
        Self::Displayed,
        Self::Decoded,
        Self::Undecoded,
        Self::WithLineBreak,
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
        }
    }

    /// The form in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Displayed => "the displayed text, including `whsec_`",
            Self::Decoded => "the bytes after `whsec_`, decoded from base64",
            Self::Undecoded => "the text after `whsec_`, not decoded",
            Self::WithLineBreak => "the displayed text with a line break, as a file or `echo` ends",
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

/// HMAC-SHA256.
pub fn mac(key: &[u8], before_body: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(before_body.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().into()
}
